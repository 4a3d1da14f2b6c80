-- Who the people of an imported group are here: those the importer knows by their address. Kept
-- until the import is gone, since the rows that name them may come in another request.
create table import_people (
    import_id {uuid} not null references import_runs (id) on delete cascade,
    source_id {uuid} not null,
    person_id {uuid} not null references people (id) on delete cascade,
    primary key (import_id, source_id)
) {strict};

create index import_people_person on import_people (person_id);

-- The first group a bundle became.
alter table import_runs add column copy_id {uuid};

-- What a thing counts for in `storageBytes`: its properties as they were written, in bytes; of
-- older ones as the engine keeps them. What has none takes nothing.
alter table things add column bytes {int} not null default 0;

update things set bytes = octet_length(cast(properties as text))
    + coalesce(octet_length(cast(hidden as text)), 0)
where cast(properties as text) <> '{}' or hidden is not null;

insert into usage_counters (group_id, metric, period, slot, amount)
select used.group_id, 'storageBytes', '', 0, cast(sum(used.bytes) as {int})
from (
    select group_id, bytes from things where bytes > 0
    union all
    select group_id, octet_length(text) as bytes from knowledge where text is not null
) used
group by used.group_id;
