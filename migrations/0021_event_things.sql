-- Beside its target, the things an event tells of: what a connection joins, what knowledge was made
-- from or is joined to. Who reads the log looks at what they are now.
alter table events add column thing_id {uuid};
alter table events add column other_thing_id {uuid};

update events set
    thing_id = (select c.from_id from connections c
        where c.id = events.target_id and c.from_kind = 'thing'),
    other_thing_id = (select c.to_id from connections c
        where c.id = events.target_id and c.to_kind = 'thing')
where exists (select 1 from connections c where c.id = events.target_id);

update events set
    thing_id = (select k.source_thing_id from knowledge k where k.id = events.target_id)
where exists (select 1 from knowledge k
    where k.id = events.target_id and k.source_thing_id is not null);

-- Things that were private when they were removed for good, and whose they were: what the log told
-- of them before they turned private stays theirs.
create table removed_things (
    id {uuid} primary key,
    owner_id {uuid}
) {strict};
