-- Which leaves of the sealed log have no event because the house deleted it: signed, since whoever can
-- write the database could say so, too. Of a tree of this size, and its first leaf.
create table audit_deletions (
    size {int} not null,
    leaf {int} not null,
    -- A signed note.
    note text not null,
    created_at {int} not null,
    primary key (size, leaf)
) {strict};

-- That so many were gone was what the log was held against before.
alter table event_horizons drop column removed;
