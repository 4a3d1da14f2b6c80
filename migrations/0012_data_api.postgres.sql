-- By bytes, as SQLite orders: both engines page in the same order, whatever the locale.
alter table things alter column name type text collate "C";
alter table things alter column type type text collate "C";
alter table registered_types alter column name type text collate "C";
alter table thing_values alter column text type text collate "C";
alter table thing_keys alter column value type text collate "C";

create index thing_values_number on thing_values (group_id, type, property, number, thing_id)
where number is not null;
create index thing_values_text on thing_values (group_id, type, property, text, thing_id)
where text is not null;

-- Room for new versions of a row beside it: no index entry is written when a counter counts.
alter table usage_counters set (fillfactor = 40);
