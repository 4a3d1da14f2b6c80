-- What is being deleted is told apart from everything else, and is hardly ever there.
create index groups_deleting on groups (id) where status = 'deleting';
