create table things (
    id {uuid} primary key not null,
    group_id {uuid} not null references groups (id),
    parent_id {uuid} references things (id),
    type text not null,
    name text not null,
    properties {json} not null,
    status text not null,
    owner_id {uuid} references people (id),
    visibility text not null,
    tier text not null,
    sealed {bytes},
    version {int} not null,
    created_at {int} not null,
    updated_at {int} not null,
    deleted_at {int}
) {strict};

-- Lists run backwards along one of these; ids are time-ordered, so each is an append.
create index things_group on things (group_id, id);
create index things_group_type on things (group_id, type, id);
create index things_parent on things (parent_id, id) where parent_id is not null;
create index things_owner on things (owner_id, id) where owner_id is not null;
