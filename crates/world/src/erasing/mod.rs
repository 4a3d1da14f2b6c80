//! What this room holds about people, and what becomes of it when somebody is erased.
//!
//! The groups that were theirs alone go with all that is in them, as any group that is deleted for
//! good. What they own in groups of others stays, and belongs to a record without a name, unless
//! they — or who erases them — want it gone, too (`owned`). What they wrote to groups by the contact
//! form goes in any case.

mod owned;
mod sql;
mod told;

use kernel::erasure::{Arg, Rooms, Statement};

use crate::{events, groups};

/// Adds what this room tells and removes.
#[must_use]
pub fn erasing(rooms: Rooms) -> Rooms {
    let rooms = groups::erased(rooms.told(told::TOLD.iter().copied()));
    let rooms = owned::erasing(rooms);
    let rooms = STATEMENTS.into_iter().fold(rooms, Rooms::sql);
    events::erasing::erasing(rooms)
}

/// What names them beside content.
const STATEMENTS: [Statement; 5] = [
    Statement {
        table: "join_requests",
        sql: "delete from join_requests where id in \
              (select id from join_requests where person_id = $1 limit $2)",
        args: &[Arg::Person],
    },
    Statement {
        table: "import_people",
        sql: "delete from import_people where (import_id, source_id) in \
              (select import_id, source_id from import_people where person_id = $1 limit $2)",
        args: &[Arg::Person],
    },
    // With the rows that were refused, which say what was in them.
    Statement {
        table: "import_runs",
        sql: "delete from import_runs where id in \
              (select id from import_runs where person_id = $1 limit $2)",
        args: &[Arg::Person],
    },
    Statement {
        table: "notification_choices",
        sql: "delete from notification_choices where person_id in \
              (select person_id from notification_choices where person_id = $1 limit $2)",
        args: &[Arg::Person],
    },
    // Theirs are in their own group; this is for those that were told elsewhere by an import.
    Statement {
        table: "notifications",
        sql: "delete from notifications where thing_id in \
              (select thing_id from notifications where person_id = $1 limit $2)",
        args: &[Arg::Person],
    },
];
