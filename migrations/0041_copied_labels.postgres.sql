-- Rows that belong to a group by way of their import.
select raise_wall(
    'import_labels', 'else exists (select 1 from import_runs r where r.id = import_id)');
