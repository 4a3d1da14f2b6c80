-- Types a group registered beside the built-in ones; its descendants may use them too.
create table registered_types (
    group_id {uuid} not null references groups (id),
    dimension text not null,
    name text not null,
    definition {json} not null,
    created_at {int} not null,
    updated_at {int} not null,
    primary key (group_id, dimension, name)
) {strict};
