-- Commit order: sequence numbers are handed out before commit, transaction ids tell who is done.
alter table events add column xid bigint not null
    default (cast(cast(pg_current_xact_id() as text) as bigint));

create index events_commit_order on events (xid, seq);
