-- Only the house reads and writes them: they belong to no tree any more.
select raise_wall('removed_groups', 'else false');
