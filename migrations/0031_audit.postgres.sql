-- Only the house writes them. With what it was blinded with, a hash can be compared with a guess.
select raise_wall('event_leaves', 'else false');
select raise_wall('audit_tiles', 'else false', true);
