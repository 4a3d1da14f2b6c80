-- Each entry of the index of properties also says what the thing's other indexed values are: a filter
-- by one of them, in the order of another, is answered by the entry alone. Packed as `jsonb` keeps
-- it: a number under `n` and its name, the first 32 characters of a text under `t` and its name.
-- Null where that is longer than 512 bytes: then only the thing tells.
create table thing_values_with_others (
    thing_id blob not null references things (id) on delete cascade,
    property text not null,
    group_id blob not null,
    type text not null,
    number real,
    text text,
    others blob,
    primary key (thing_id, property)
) strict, without rowid;

insert into thing_values_with_others (thing_id, property, group_id, type, number, text, others)
select v.thing_id, v.property, v.group_id, v.type, v.number, v.text,
    case when octet_length(v.others) <= 512 then jsonb(v.others) end
from (
    select t.*, (
        select json_group_object(
            case when x.number is null then 't' else 'n' end || x.property,
            coalesce(x.number, substr(x.text, 1, 32)))
        from thing_values x where x.thing_id = t.thing_id and x.property <> t.property
    ) as others
    from thing_values t
) v
order by v.thing_id, v.property;

drop table thing_values;
alter table thing_values_with_others rename to thing_values;

create index thing_values_number
on thing_values (group_id, type, property, number, thing_id, others) where number is not null;
create index thing_values_text
on thing_values (group_id, type, property, text, thing_id, others) where text is not null;
