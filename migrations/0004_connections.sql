create table connections (
    id {uuid} primary key not null,
    group_id {uuid} not null references groups (id),
    type text not null,
    from_id {uuid} not null,
    from_kind text not null,
    to_id {uuid} not null,
    to_kind text not null,
    metadata {json} not null,
    strength {real},
    valid_from {int},
    valid_to {int},
    -- Private when one of its ends is; then only that end's owner sees it.
    visibility text not null,
    owner_id {uuid},
    created_at {int} not null,
    updated_at {int} not null
) {strict};

create unique index connections_edge on connections (from_id, type, to_id);
create index connections_to on connections (to_id, type, id);
create index connections_from on connections (from_id, id);
create index connections_group on connections (group_id, id);
