//! What this room holds about people, and what becomes of it when somebody is erased.
//!
//! The groups that were theirs alone go with all that is in them, as any group that is deleted for
//! good. What they own in groups of others stays, and belongs to a record without a name, unless
//! they — or who erases them — want it gone, too (`owned`), and then the log of things that were
//! removed before as well. What they wrote to groups by the contact form goes in any case.

mod owned;
mod sql;
mod told;

use kernel::erasure::{Arg, Rooms};

use crate::{events, groups};

/// Adds what this room tells and removes.
#[must_use]
pub fn erasing(rooms: Rooms) -> Rooms {
    let rooms = groups::erased(rooms.told(told::TOLD.iter().copied()));
    let of_theirs = "person_id = $1";
    let rooms = owned::erasing(rooms)
        .delete("join_requests", "id", of_theirs, &[Arg::Person])
        // Those are among their groups, whose log is removed.
        .delete("removed_groups", "id", of_theirs, &[Arg::Person])
        .delete("import_people", "import_id, source_id", of_theirs, &[Arg::Person])
        // With the rows that were refused, which say what was in them.
        .delete("import_runs", "id", of_theirs, &[Arg::Person])
        .delete("notification_choices", "person_id", of_theirs, &[Arg::Person])
        // Theirs are in their own group; this is for those that were told elsewhere by an import.
        .delete("notifications", "thing_id", of_theirs, &[Arg::Person]);
    events::erasing::erasing(rooms)
}
