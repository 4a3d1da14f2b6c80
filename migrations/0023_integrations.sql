-- Where events of a group are sent.
create table webhooks (
    id {uuid} primary key not null,
    group_id {uuid} not null references groups (id) on delete cascade,
    -- Whoever set it up last: what is sent is what they may see.
    owner_id {uuid} not null,
    url text not null,
    description text,
    -- Names, or `*`.
    event_types {json} not null,
    filter text,
    include_children {flag} not null,
    ordered {flag} not null,
    enabled {flag} not null,
    -- Why the house switched it off; null when somebody did.
    disabled_reason text,
    disabled_at {int},
    -- Since when nothing went well; null while the last answer was good.
    failing_since {int},
    -- Sealed. The version counts secrets and is part of what each is sealed as; the one before it
    -- signs beside it for a while.
    secret {bytes} not null,
    secret_version {int} not null,
    old_secret {bytes},
    old_secret_until {int},
    -- Sealed: further headers of each request, and their names.
    headers {bytes},
    header_names {json} not null,
    created_at {int} not null,
    updated_at {int} not null
) {strict};

create index webhooks_group on webhooks (group_id, id);

-- Counts changes of webhooks, so that whoever remembers them knows when to look again.
create table webhook_generation (
    id {int} primary key not null,
    number {int} not null
) {strict};

insert into webhook_generation (id, number) values (1, 1);

-- One event on its way to one webhook. No foreign key: with its webhook gone it is swept away in
-- slices, and not all at once in the transaction that ends the webhook.
create table webhook_deliveries (
    -- Also the `webhook-id` of every request.
    id {uuid} primary key not null,
    webhook_id {uuid} not null,
    event_id {uuid} not null,
    event_type text not null,
    -- The event's place in the log.
    seq {int} not null,
    -- queued, sending, delivered or failed.
    state text not null,
    -- How many requests were made, and how many of them since it was last put into the queue by
    -- hand.
    attempts {int} not null,
    step {int} not null,
    due_at {int} not null,
    -- One being sent whose lease ended is sent again: its sender died.
    lease_until {int},
    -- How the last request went.
    status {int},
    error text,
    created_at {int} not null,
    updated_at {int} not null
) {strict};

create unique index webhook_deliveries_event on webhook_deliveries (webhook_id, event_id);
create index webhook_deliveries_log on webhook_deliveries (webhook_id, id);
create index webhook_deliveries_due on webhook_deliveries (webhook_id, due_at, id)
where state = 'queued';
create index webhook_deliveries_order on webhook_deliveries (webhook_id, seq)
where state in ('queued', 'sending');
create index webhook_deliveries_leased on webhook_deliveries (lease_until) where state = 'sending';
create index webhook_deliveries_age on webhook_deliveries (updated_at);

-- What was sent and what came back, shortened.
create table webhook_attempts (
    delivery_id {uuid} not null references webhook_deliveries (id) on delete cascade,
    number {int} not null,
    url text not null,
    request text not null,
    status {int},
    error text,
    response text,
    duration_ms {int} not null,
    created_at {int} not null,
    primary key (delivery_id, number)
) {strict};

-- Where others' webhooks come in.
create table receivers (
    id {uuid} primary key not null,
    group_id {uuid} not null references groups (id) on delete cascade,
    -- Whoever set it up last: what comes in is recorded on their behalf.
    owner_id {uuid} not null,
    name text not null,
    -- standard, github, stripe or token.
    signature text not null,
    -- Sealed; the version is part of what it is sealed as.
    secret {bytes} not null,
    secret_version {int} not null,
    -- What a message becomes, one of the two: an event of this type, or a thing of that type, by a
    -- job.
    event_type text,
    thing_type text,
    -- Which parts of a message are kept, by JSON pointer; null for all of it.
    fields {json},
    enabled {flag} not null,
    disabled_reason text,
    created_at {int} not null,
    updated_at {int} not null
) {strict};

create index receivers_group on receivers (group_id, id);

-- What came in, for as long as it could come in again.
create table receiver_messages (
    receiver_id {uuid} not null references receivers (id) on delete cascade,
    -- A hash of what names the message.
    message {bytes} not null,
    -- What it became.
    event_id {uuid},
    job_id {uuid},
    expires_at {int} not null,
    primary key (receiver_id, message)
) {strict};

create index receiver_messages_expiry on receiver_messages (expires_at);
