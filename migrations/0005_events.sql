create table events (
    seq {serial},
    id {uuid} not null,
    group_id {uuid} not null,
    type text not null,
    actor_id {uuid},
    target_id {uuid},
    target_kind text,
    occurred_at {int} not null,
    metadata {json} not null,
    request_id text,
    -- Of the object it tells about, at that time.
    visibility text not null,
    owner_id {uuid}
) {strict};

create unique index events_id on events (id);
create index events_group on events (group_id, seq);
create index events_group_type on events (group_id, type, seq);
create index events_target on events (target_id, seq) where target_id is not null;
create index events_actor on events (actor_id, seq) where actor_id is not null;

-- How far each reader of the log has come; `xid` is 0 on an engine with one writer.
create table cursors (
    name text primary key not null,
    xid {int} not null,
    seq {int} not null,
    updated_at {int} not null
) {strict};
