-- Beside each notification, which is a private thing in its receiver's own group: what it is about,
-- how often it happened, and what became of it. It goes with its thing.
create table notifications (
    thing_id {uuid} primary key not null references things (id) on delete cascade,
    -- The receiver's own group.
    group_id {uuid} not null references groups (id) on delete cascade,
    person_id {uuid} not null references people (id) on delete cascade,
    kind text not null,
    -- While it is unread, what has the same key counts as more of it.
    collapse_key text not null,
    count {int} not null,
    -- The latest event it tells of, and the group that happened in.
    event_id {uuid} not null,
    event_type text not null,
    source_group_id {uuid} not null,
    actor_id {uuid},
    target_id {uuid},
    target_kind text,
    -- Whether it is in the list and counted; else it is for letters and webhooks only.
    in_app {flag} not null,
    -- The latest of what it tells, in whole milliseconds, as clients are told.
    told_at {int} not null,
    read_at {int},
    -- When it is due in a letter; null without one, and once that was written.
    mail_at {int},
    version {int} not null
) {strict};

create index notifications_told on notifications (person_id, told_at, thing_id) where in_app;
create index notifications_unread on notifications (person_id, collapse_key) where read_at is null;
create index notifications_mail on notifications (mail_at, person_id) where mail_at is not null;
create index notifications_age on notifications (told_at);
create index notifications_group on notifications (group_id);

-- What somebody wants to be told of, and how, where it differs from the defaults.
create table notification_choices (
    person_id {uuid} primary key not null references people (id) on delete cascade,
    -- Their own group.
    group_id {uuid} not null references groups (id) on delete cascade,
    chosen {json} not null,
    updated_at {int} not null
) {strict};

-- Events with many receivers, who are told by a job, some at a time in the order of their ids.
create table notification_runs (
    id {uuid} primary key not null,
    group_id {uuid} not null references groups (id) on delete cascade,
    event_id {uuid} not null,
    -- Everybody up to this person was told.
    after_id {uuid},
    created_at {int} not null
) {strict};
