create table jobs (
    id {uuid} primary key not null,
    kind text not null,
    payload {json} not null,
    -- queued, running, done or dead.
    state text not null,
    attempts {int} not null,
    max_attempts {int} not null,
    run_at {int} not null,
    -- A running job whose lease ended is taken again: its worker died.
    lease_until {int},
    last_error text,
    created_at {int} not null,
    updated_at {int} not null
) {strict};

create index jobs_due on jobs (run_at, id) where state = 'queued';
create index jobs_done on jobs (updated_at) where state = 'done';
create index jobs_leased on jobs (lease_until) where state = 'running';

-- How far an import of one input has come, so that it can be resumed.
create table imports (
    digest text primary key not null,
    lines {int} not null,
    updated_at {int} not null
) {strict};
