-- Write-only properties of a thing, by its type: checked when it changes, never read by anything
-- that answers.
alter table things add column hidden {json};

create index things_group_updated on things (group_id, updated_at, id);
create index things_group_name on things (group_id, name, id);

-- Of every thing that is not archived, the properties its type declares as indexed: so that lists
-- filtered and sorted by them run along an index. One of `number` (also 0 and 1 for a flag) and
-- `text` is there.
create table thing_values (
    thing_id {uuid} not null references things (id) on delete cascade,
    property text not null,
    group_id {uuid} not null,
    type text not null,
    number {real},
    text text,
    primary key (thing_id, property)
) {strict};

-- Properties a type declares as unique, within the group that keeps the thing.
create table thing_keys (
    group_id {uuid} not null,
    type text not null,
    property text not null,
    value text not null,
    thing_id {uuid} not null references things (id) on delete cascade,
    primary key (group_id, type, property, value)
) {strict};

create index thing_keys_thing on thing_keys (thing_id);

-- What each change did to a thing: the fields that changed, as they were and as they became, and who
-- may know.
create table thing_revisions (
    thing_id {uuid} not null references things (id) on delete cascade,
    -- The version that the change left behind.
    version {int} not null,
    before {json} not null,
    actor_id {uuid},
    created_at {int} not null,
    primary key (thing_id, version)
) {strict};

-- Counts the definitions a type has had.
alter table registered_types add column version {int} not null default 1;

create table type_versions (
    group_id {uuid} not null references groups (id),
    dimension text not null,
    name text not null,
    version {int} not null,
    definition {json} not null,
    created_at {int} not null,
    actor_id {uuid},
    primary key (group_id, dimension, name, version)
) {strict};

insert into type_versions (group_id, dimension, name, version, definition, created_at)
select group_id, dimension, name, 1, definition, updated_at from registered_types;

-- What a group uses of its plan. A number is the sum of its slots: writers at the same time add to
-- different ones, so that none waits for another.
create table usage_counters (
    group_id {uuid} not null references groups (id) on delete cascade,
    metric text not null,
    -- The month of what is counted by the month, as `2026-11`; else empty.
    period text not null,
    slot {int} not null,
    amount {int} not null,
    -- Up to where writers may go without looking at the other slots; null where nothing limits.
    ceiling {int},
    primary key (group_id, metric, period, slot)
) {strict};

-- What the ceilings of a number were made for: together they stay below the next limit or warning.
create table usage_cuts (
    group_id {uuid} not null references groups (id) on delete cascade,
    metric text not null,
    period text not null,
    -- The limit.
    most {int} not null,
    -- What each slot had left below its ceiling; with nothing, writers go one after the other.
    share {int} not null,
    -- The worst status that was told: 0 ok, 1 warning, 2 critical, 3 exceeded.
    told {int} not null,
    primary key (group_id, metric, period)
) {strict};

insert into usage_counters (group_id, metric, period, slot, amount)
select group_id, 'things', '', 0, count(*) from things group by group_id;
insert into usage_counters (group_id, metric, period, slot, amount)
select group_id, 'connections', '', 0, count(*) from connections group by group_id;
insert into usage_counters (group_id, metric, period, slot, amount)
select group_id, 'users', '', 0, count(*) from memberships where status = 'active' group by group_id;

-- Requests that may be sent again: carried out once, answered again.
create table idempotency_keys (
    -- Hash of caller, method, path and key.
    key_hash {bytes} primary key not null,
    request_hash {bytes} not null,
    -- Null until the answer is known: then the change was made and its answer was lost.
    status {int},
    headers {json},
    body {bytes},
    created_at {int} not null,
    expires_at {int} not null
) {strict};

create index idempotency_expiry on idempotency_keys (expires_at);

-- Imports over HTTP, with how far each has come.
create table import_runs (
    id {uuid} primary key not null,
    group_id {uuid} not null references groups (id) on delete cascade,
    person_id {uuid},
    -- Format, dimension, mapping, dry run.
    options {json} not null,
    -- The head of a CSV, once it was read: what follows may come in another request.
    header {json},
    -- open, done, failed or canceled.
    state text not null,
    total_bytes {int},
    offset_bytes {int} not null,
    lines {int} not null,
    created {int} not null,
    updated {int} not null,
    unchanged {int} not null,
    failed {int} not null,
    -- Why it ended, if it failed.
    problem text,
    created_at {int} not null,
    updated_at {int} not null
) {strict};

create index import_runs_group on import_runs (group_id, id);

create table import_errors (
    import_id {uuid} not null references import_runs (id) on delete cascade,
    line {int} not null,
    errors {json} not null,
    primary key (import_id, line)
) {strict};

-- People who asked to be let into a group.
create table join_requests (
    id {uuid} primary key not null,
    group_id {uuid} not null references groups (id) on delete cascade,
    person_id {uuid} not null references people (id),
    message text,
    -- pending, approved, rejected or canceled.
    status text not null,
    decided_by {uuid},
    created_at {int} not null,
    updated_at {int} not null
) {strict};

create unique index join_requests_pending on join_requests (group_id, person_id)
where status = 'pending';
create index join_requests_group on join_requests (group_id, id);
create index join_requests_person on join_requests (person_id, id);

-- Theme, language, time zone.
alter table people add column preferences {json};

-- How far somebody has come on their way in.
create table onboarding (
    person_id {uuid} primary key not null references people (id) on delete cascade,
    -- When each step was completed, by its name.
    steps {json} not null,
    -- The group made on the way; people are invited there.
    workspace_id {uuid},
    wallet_address text,
    chain_id {int},
    created_at {int} not null,
    updated_at {int} not null
) {strict};
