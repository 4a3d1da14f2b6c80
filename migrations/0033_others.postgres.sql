-- Each entry of the index of properties also says what the thing's other indexed values are: a filter
-- by one of them, in the order of another, is answered by the entry alone. A number under `n` and
-- its name, the first 32 characters of a text under `t` and its name. Null where that is longer than
-- 512 bytes: then only the thing tells.
alter table thing_values add column others jsonb;

drop index thing_values_number;
drop index thing_values_text;

update thing_values v set others = case when octet_length(o.others::text) <= 512 then o.others end
from (
    select t.thing_id, t.property, coalesce((
        select jsonb_object_agg(
            case when x.number is null then 't' else 'n' end || x.property,
            case when x.number is null then to_jsonb(left(x.text, 32)) else to_jsonb(x.number) end)
        from thing_values x where x.thing_id = t.thing_id and x.property <> t.property
    ), '{}') as others
    from thing_values t
) o
where o.thing_id = v.thing_id and o.property = v.property;

create index thing_values_number
on thing_values (group_id, type, property, number, thing_id) include (others)
where number is not null;
create index thing_values_text
on thing_values (group_id, type, property, text, thing_id) include (others)
where text is not null;
