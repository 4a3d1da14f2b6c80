//! What this room holds about people: how far they read, and the names they gave their messages.

use kernel::erasure::{Arg, As, Key, Rooms, Statement, Told};
use types::Kind;

/// Adds what this room tells and removes.
#[must_use]
pub fn erasing(rooms: Rooms) -> Rooms {
    rooms.told([RECEIPT]).sql(RECEIPTS).sql(SENT)
}

const RECEIPTS: Statement = Statement {
    table: "live_receipts",
    sql: "delete from live_receipts where (room_id, person_id) in \
          (select room_id, person_id from live_receipts where person_id = $1 limit $2)",
    args: &[Arg::Person],
};

const SENT: Statement = Statement {
    table: "live_sent",
    sql: "delete from live_sent where (person_id, room_id, client_id) in \
          (select person_id, room_id, client_id from live_sent where person_id = $1 limit $2)",
    args: &[Arg::Person],
};

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
