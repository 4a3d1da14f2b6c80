create index thing_values_number on thing_values (group_id, type, property, number, thing_id)
where number is not null;
create index thing_values_text on thing_values (group_id, type, property, text, thing_id)
where text is not null;
