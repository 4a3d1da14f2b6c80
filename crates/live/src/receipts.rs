//! How far somebody has got and read a room: two numbers per person, which only grow. They are no
//! events of the log; the others in the room are told at once, and whoever joins later reads them.

use std::sync::Arc;

use database::{Tx, args};
use kernel::{App, Caller};
use serde::{Deserialize, Serialize};
use types::{Error, PersonId, Result, ThingId, Time};

use crate::engine::Frame;
use crate::rooms::require_in;
use crate::signals::Signal;
use crate::wire::Wire;
use crate::{Live, packet};
use world::notifications::rules as notifications;

/// Receipts told of one room; in a larger one only those who moved last.
const MOST: i64 = 200;

/// Which of the two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Step {
    /// It has come.
    Delivered,
    /// It was seen.
    Read,
}

/// How far somebody is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Receipt {
    person_id: PersonId,
    delivered: i64,
    read: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewReceipt {
    room: ThingId,
    seq: i64,
}

/// Notes how far the caller is; a smaller number than before changes nothing.
///
/// # Errors
/// 409 outside of the room; 422 for a number no message has yet.
pub(crate) async fn give(
    live: &Live,
    wire: &Arc<Wire>,
    caller: &Caller,
    new: NewReceipt,
    step: Step,
) -> Result<()> {
    let me = caller.person().ok_or_else(Error::unauthenticated)?;
    require_in(wire, new.room)?;
    let (read, delivered) = if step == Step::Read { (new.seq, new.seq) } else { (0, new.seq) };
    let room = new.room;
    let moved = live
        .app
        .change(caller, async move |work| {
            work.silently();
            if new.seq < 0 || new.seq > end_of_log(work.tx).await? {
                return Err(Error::invalid("/seq", "out_of_range", "is no place of a message."));
            }
            let moved = store(work.tx, room, me, delivered, read, work.now).await?;
            if moved && step == Step::Read {
                notifications::mark_room_read(work, room, new.seq).await?;
            }
            Ok(moved)
        })
        .await?;
    if moved {
        live.board.tell_room(room, &packet_of(room, me, step, new.seq), Some(wire));
        live.signals.send(Signal::Receipt { room, person: me, step, seq: new.seq });
    }
    Ok(())
}

/// What the others are told.
pub(crate) fn packet_of(room: ThingId, person: PersonId, step: Step, seq: i64) -> Frame {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        room: ThingId,
        person_id: PersonId,
        #[serde(skip_serializing_if = "Option::is_none")]
        delivered: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        read: Option<i64>,
        seq: i64,
    }
    let (delivered, read) = match step {
        Step::Delivered => (Some(seq), None),
        Step::Read => (None, Some(seq)),
    };
    packet::event("receipt", &Body { room, person_id: person, delivered, read, seq }).into()
}

/// How far everybody is in a room the caller may see.
///
/// # Errors
/// As the store.
pub(crate) async fn of_room(app: &App, caller: &Caller, room: ThingId) -> Result<Vec<Receipt>> {
    app.store(caller)
        .read(async move |tx| {
            tx.all(
                "select person_id, delivered_seq, read_seq from live_receipts \
                 where room_id = $1 order by updated_at desc limit $2",
                args![room, MOST],
                |row| {
                    Ok(Receipt {
                        person_id: row.get(0)?,
                        delivered: row.get(1)?,
                        read: row.get(2)?,
                    })
                },
            )
            .await
        })
        .await
}

/// The number of the last event of all, whoever may see it: where the room's own log ends is a
/// longer look, and nothing is told of what is found.
async fn end_of_log(tx: &mut Tx) -> Result<i64> {
    let last = "select coalesce(max(seq), 0) from events";
    tx.beyond(async |tx| tx.one(last, &[], |row| row.get(0)).await).await
}

async fn store(
    tx: &mut Tx,
    room: ThingId,
    person: PersonId,
    delivered: i64,
    read: i64,
    now: Time,
) -> Result<bool> {
    let changed = tx
        .run(
            "insert into live_receipts (room_id, person_id, delivered_seq, read_seq, updated_at) \
             values ($1, $2, $3, $4, $5) on conflict (room_id, person_id) do update set \
             delivered_seq = case when live_receipts.delivered_seq < $3 then $3 \
             else live_receipts.delivered_seq end, \
             read_seq = case when live_receipts.read_seq < $4 then $4 \
             else live_receipts.read_seq end, updated_at = $5 \
             where live_receipts.delivered_seq < $3 or live_receipts.read_seq < $4",
            args![room, person, delivered, read, now],
        )
        .await?;
    Ok(changed > 0)
}
