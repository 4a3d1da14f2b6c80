-- The event log is sealed: each event is a leaf of a Merkle tree (RFC 6962), whose hashes stand in
-- tiles and whose roots in signed checkpoints. `docs/audit.md` says how.

-- The leaf of an event that is there: its place in the tree, and what it was blinded with. Both go
-- with the event; its hash stays.
create table event_leaves (
    seq {int} primary key not null,
    place {int} not null,
    blind {bytes} not null
) {strict};

create unique index event_leaves_place on event_leaves (place);

-- Up to 256 hashes in a row. On level 0 they are those of leaves, above that those of full tiles of
-- the level below.
create table audit_tiles (
    level {int} not null,
    place {int} not null,
    hashes {bytes} not null,
    primary key (level, place)
) {strict};

create table audit_checkpoints (
    size {int} primary key not null,
    -- A signed note.
    note text not null,
    created_at {int} not null
) {strict};

create index audit_checkpoints_created on audit_checkpoints (created_at);

-- The public keys that checkpoints are and were signed with.
create table audit_keys (
    key text primary key not null,
    created_at {int} not null
) {strict};

-- There from the beginning: what no follower has passed is not deleted.
insert into cursors (name, xid, seq, updated_at) values ('audit', 0, 0, 0);

-- How many events of a group were deleted since there is a tree.
alter table event_horizons add column removed {int} not null default 0;
