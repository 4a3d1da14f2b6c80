-- Groups that were deleted for good while one person alone was in them, above them and below them:
-- their log goes with that person. Nothing else says by then whose it was.
create table removed_groups (
    id {uuid} primary key not null,
    person_id {uuid} not null
) {strict};

create index removed_groups_person on removed_groups (person_id);

-- What the log tells of somebody's things that were removed for good is found when they are erased.
create index events_removed_things on events (owner_id, seq)
where type = 'thing_deleted' and owner_id is not null;
