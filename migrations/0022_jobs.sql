-- Of whom a job is: its tenant, if any, and whose turn it takes (the group as text; empty for the
-- house). Groups take turns within a kind, so that a long queue of one holds up no other.
alter table jobs add column group_id {uuid};
alter table jobs add column lane {text} not null default '';
-- 0 high, 1 normal, 2 low.
alter table jobs add column priority {int} not null default 1;
-- Queued and due: what waits for its moment is told apart, so that taking a job never reads past
-- those that wait.
alter table jobs add column ready {flag} not null default false;
-- At most one queued or running job of a kind has it.
alter table jobs add column unique_key text;
-- The tick of a schedule that made it.
alter table jobs add column tick_at {int};
-- The run of a worker that holds it.
alter table jobs add column worker {uuid};
-- Somebody wants it to end; its worker sees this with its next sign of life.
alter table jobs add column cancel_at {int};
alter table jobs add column progress {int};
alter table jobs add column progress_text text;
alter table jobs add column result {json};
-- When a job that ended is forgotten.
alter table jobs add column expires_at {int};

update jobs set expires_at = updated_at + 604800000000 where state = 'done';
update jobs set expires_at = updated_at + 2592000000000 where state = 'dead';

drop index jobs_queued;
drop index jobs_done;
-- What can be taken now, from kind to kind and from group to group.
create index jobs_ready on jobs (kind, lane, priority, run_at, id) where state = 'queued' and ready;
create index jobs_waiting on jobs (run_at) where state = 'queued' and not ready;
create index jobs_of_group_running on jobs (kind, lane) where state = 'running' and lane <> '';
create unique index jobs_unique on jobs (kind, unique_key)
    where unique_key is not null and state in ('queued', 'running');
create index jobs_expired on jobs (expires_at) where expires_at is not null;
create index jobs_listed on jobs (state, id, kind);
create index jobs_of_group on jobs (group_id, id) where group_id is not null;

-- What is forgotten some time after it last moved.
create index import_runs_age on import_runs (updated_at);

-- A kind that has or had a worker. Who takes jobs of a kind holds its row, so that what is allowed to
-- run at once is counted by one node at a time.
create table job_queues (
    kind text primary key not null,
    paused_at {int},
    updated_at {int} not null
) {strict};

-- Jobs that come back. Whichever node moves `next_at` on makes the job of that tick.
create table job_schedules (
    name text primary key not null,
    kind text not null,
    expression text not null,
    next_at {int} not null,
    last_at {int},
    updated_at {int} not null
) {strict};
