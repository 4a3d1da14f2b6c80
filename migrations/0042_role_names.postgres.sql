-- Exports and lists are in the order of names, which is that of their bytes on both engines.
alter table group_roles alter column name type text collate "C";
