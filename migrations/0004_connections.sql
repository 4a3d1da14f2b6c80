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
    -- Private when one of its ends is; then only that end's owner sees it. Otherwise the owner is
    -- the person at one end, if there is one.
    visibility text not null,
    owner_id {uuid},
    created_by {uuid},
    created_at {int} not null,
    updated_at {int} not null
) {strict};

create unique index connections_edge on connections (from_id, type, to_id);
-- A node may have very many: pages run along the first two columns, the type is checked in the index.
create index connections_from on connections (from_id, id, type);
create index connections_to on connections (to_id, id, type);
create index connections_group on connections (group_id, id);
create index connections_group_type on connections (group_id, type, id);
