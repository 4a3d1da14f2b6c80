-- Sorted by bytes, as SQLite sorts: both engines page in the same order, whatever the locale.
alter table events alter column type type text collate "C";
alter table connections alter column type type text collate "C";
alter table knowledge alter column type type text collate "C";
alter table knowledge alter column text type text collate "C";
alter table people alter column display_name type text collate "C";
alter table people alter column username type text collate "C";
alter table memberships alter column role type text collate "C";
alter table memberships alter column custom_role type text collate "C";
alter table groups alter column name type text collate "C";
alter table groups alter column slug type text collate "C";
alter table groups alter column type type text collate "C";
