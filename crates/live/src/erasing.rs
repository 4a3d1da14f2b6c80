//! What this room holds about people: how far they read, and the names they gave their messages.

use kernel::erasure::{Arg, As, Key, Rooms, Told};
use types::Kind;

/// Adds what this room tells and removes.
#[must_use]
pub fn erasing(rooms: Rooms) -> Rooms {
    rooms
        .told([RECEIPT])
        .delete("live_receipts", "room_id, person_id", "person_id = $1", &[Arg::Person])
        .delete("live_sent", "person_id, room_id, client_id", "person_id = $1", &[Arg::Person])
}

const RECEIPT: Told = Told {
    kind: "receipt",
    from: "live_receipts o where o.person_id = $1",
    args: &[Arg::Person],
    columns: &[
        ("roomId", "o.room_id", As::Id(Kind::Thing)),
        ("deliveredSeq", "o.delivered_seq", As::Int),
        ("readSeq", "o.read_seq", As::Int),
        ("updatedAt", "o.updated_at", As::Time),
    ],
    key: Key::Id("o.room_id"),
};
