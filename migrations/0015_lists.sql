-- By time: ranges, statistics, and what is old enough to be deleted.
create index events_group_time on events (group_id, occurred_at, seq);

-- What retention deleted from the log of a group, for whoever reads it with a cursor.
create table event_horizons (
    group_id {uuid} primary key not null,
    -- The last in the log, and the latest, of the events that were deleted.
    seq {int} not null,
    occurred_at {int} not null,
    -- Counts deletions.
    generation {int} not null,
    -- Deleted, and not yet told by an event.
    untold {int} not null,
    updated_at {int} not null
) {strict};
