-- The index of properties without a row id of its own: one tree less to write for each property, and
-- a property of a thing is found in one step instead of two.
create table thing_values_by_thing (
    thing_id blob not null references things (id) on delete cascade,
    property text not null,
    group_id blob not null,
    type text not null,
    number real,
    text text,
    primary key (thing_id, property)
) strict, without rowid;

insert into thing_values_by_thing (thing_id, property, group_id, type, number, text)
select thing_id, property, group_id, type, number, text from thing_values
order by thing_id, property;

drop table thing_values;
alter table thing_values_by_thing rename to thing_values;

create index thing_values_number on thing_values (group_id, type, property, number, thing_id)
where number is not null;
create index thing_values_text on thing_values (group_id, type, property, text, thing_id)
where text is not null;
