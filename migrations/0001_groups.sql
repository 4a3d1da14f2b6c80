create table groups (
    id {uuid} primary key not null,
    parent_id {uuid} references groups (id),
    slug text not null unique,
    name text not null,
    type text not null,
    description text,
    visibility text not null,
    join_policy text not null,
    plan text not null,
    limits {json},
    metadata {json} not null,
    status text not null,
    version {int} not null,
    created_at {int} not null,
    updated_at {int} not null
) {strict};

create index groups_parent on groups (parent_id, id);

-- Every group with each of its ancestors, itself at depth 0: the tenant tree without recursion.
create table group_ancestors (
    group_id {uuid} not null references groups (id) on delete cascade,
    ancestor_id {uuid} not null references groups (id) on delete cascade,
    depth {int} not null,
    primary key (group_id, ancestor_id)
) {strict};

create index group_ancestors_down on group_ancestors (ancestor_id, group_id);
