//! Rooms: conversations one is in for as long as one is connected, with who else is there, what
//! is being typed and what is said.

pub(crate) mod messages;

use std::sync::Arc;

use kernel::Caller;
use serde::{Deserialize, Serialize};
use types::{Error, PersonId, Result, ThingId};
use world::people;

use crate::calls::{Joined, Online};
use crate::engine::Frame;
use crate::listener::{Sink, Style};
use crate::presence::Change;
use crate::signals::Signal;
use crate::topic::Topic;
use crate::wire::Wire;
use crate::{Live, packet, receipts, subscriptions};

/// People one may ask about at once.
const MAX_ASKED: usize = 200;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Wanted {
    room: ThingId,
    #[serde(default)]
    since: Option<String>,
}

/// Joins a room: from now on what is said there is told.
///
/// # Errors
/// 404 for a room one may not see; 422 for a thing that is none.
pub(crate) async fn join(
    live: &Live,
    wire: &Arc<Wire>,
    caller: &Caller,
    wanted: Wanted,
) -> Result<Joined> {
    let (room, topic) = (wanted.room, Topic::Room(wanted.room));
    let me = caller.person().ok_or_else(Error::unauthenticated)?;
    let sink = Sink::Wire(Arc::clone(wire));
    let since = wanted.since.as_deref();
    let start =
        subscriptions::begin(live, caller, (topic, Style::Messages), None, since, sink).await?;
    let receipts = receipts::of_room(&live.app, caller, room).await?;
    // Each listener of a connection counts, from before it is kept: whoever ends it from then on
    // counts it out. So does whoever replaces one, if nobody else has ended it before.
    enter(live, wire, room, me);
    let most = live.settings.rooms_per_connection;
    match subscriptions::keep(live, wire, &start.listener, most) {
        Ok(false) => {}
        Ok(true) => exit(live, wire, room, me),
        Err(error) => {
            exit(live, wire, room, me);
            return Err(error);
        }
    }
    if !start.recovered && wanted.since.is_some() {
        subscriptions::resync(wire, topic);
    }
    let members = live.presence.members(room);
    let count = members.len();
    let begun = start.go(live);
    let joined = RoomJoined { room_slug: room, user_count: count };
    let _ = wire.emit(packet::event("room_joined", &joined));
    let (cursor, recovered) = (begun.cursor, begun.recovered);
    Ok(Joined { ok: true, members, receipts, cursor, recovered })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfRoom {
    room: ThingId,
}

/// Leaves a room.
///
/// # Errors
/// 401 for nobody.
pub(crate) fn leave(
    live: &Live,
    wire: &Arc<Wire>,
    caller: &Caller,
    OfRoom { room }: OfRoom,
) -> Result<()> {
    let me = caller.person().ok_or_else(Error::unauthenticated)?;
    let known = wire.data.lock().listening.remove(&(Topic::Room(room), Style::Messages));
    if let Some(listener) = known {
        live.board.leave(&listener);
        exit(live, wire, room, me);
    }
    Ok(())
}

/// Counts a connection in; the others are told when it is the person's first, and other nodes when
/// it is their first here.
fn enter(live: &Live, wire: &Wire, room: ThingId, me: PersonId) {
    let now = live.app.now();
    let change = live.signals.in_order(|_| {
        let change = live.presence.enter(room, me, now);
        if change != Change::Nothing && !live.is_closing() {
            live.signals.send(Signal::Entered { room, person: me, since: now });
        }
        change
    });
    if change == Change::Room {
        tell_of(live, Some(wire), room, me, true);
    }
}

/// Counts a connection out; the others are told when it was the person's last, and other nodes when
/// it was their last here. Nobody is while all who are here are about to leave.
pub(crate) fn exit(live: &Live, wire: &Wire, room: ThingId, me: PersonId) {
    let change = live.signals.in_order(|_| {
        let change = live.presence.exit(room, me);
        if change != Change::Nothing && !live.is_closing() {
            live.signals.send(Signal::Exited { room, person: me });
        }
        change
    });
    if change == Change::Room && !live.is_closing() {
        tell_of(live, Some(wire), room, me, false);
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Presence {
    person_id: PersonId,
    online: bool,
    room: ThingId,
}

/// The community app's older name for the same.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct User {
    user_id: PersonId,
    room_slug: ThingId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoomJoined {
    room_slug: ThingId,
    user_count: usize,
}

/// Tells those in a room that somebody came or went.
pub(crate) fn tell_of(
    live: &Live,
    but: Option<&Wire>,
    room: ThingId,
    person: PersonId,
    online: bool,
) {
    let presence = packet::event("presence", &Presence { person_id: person, online, room });
    let older = if online { "user_joined" } else { "user_left" };
    let user = packet::event(older, &User { user_id: person, room_slug: room });
    live.board.tell_room(room, &presence.into(), but);
    live.board.tell_room(room, &user.into(), but);
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Typing {
    room: ThingId,
    on: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TypingBody {
    room: ThingId,
    person_id: PersonId,
    on: bool,
}

/// Tells the others in a room that somebody types; nothing of it is kept, and what comes too soon
/// is told to nobody.
///
/// # Errors
/// 409 outside of the room.
pub(crate) fn typing(live: &Live, wire: &Arc<Wire>, caller: &Caller, typing: Typing) -> Result<()> {
    let me = caller.person().ok_or_else(Error::unauthenticated)?;
    let Typing { room, on } = typing;
    require_in(wire, room)?;
    if live.presence.types(room, me, on, live.app.now()) {
        live.board.tell_room(room, &typing_packet(room, me, on), Some(wire));
        live.signals.send(Signal::Typing { room, person: me, on });
    }
    Ok(())
}

pub(crate) fn typing_packet(room: ThingId, person: PersonId, on: bool) -> Frame {
    packet::event("typing", &TypingBody { room, person_id: person, on }).into()
}

/// Refuses a connection that has not joined.
///
/// # Errors
/// 409 `not_joined`.
pub(crate) fn require_in(wire: &Wire, room: ThingId) -> Result<()> {
    if wire.data.is_in(room) {
        return Ok(());
    }
    Err(Error::conflict("not_joined", "Join the room first, by `join_room`."))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Asked {
    person_ids: Vec<PersonId>,
}

/// Who of these people is connected, as far as the caller may know them.
///
/// # Errors
/// 422 for more than 200.
pub(crate) async fn who_is_online(live: &Live, caller: &Caller, asked: Asked) -> Result<Online> {
    if asked.person_ids.len() > MAX_ASKED {
        return Err(Error::invalid("/personIds", "too_many", "are at most 200."));
    }
    let here: Vec<PersonId> =
        asked.person_ids.into_iter().filter(|one| live.is_online(*one)).collect();
    if here.is_empty() {
        return Ok(Online { online: here });
    }
    let caller = caller.clone();
    let known = live
        .app
        .store(&caller)
        .read(async move |tx| people::rules::refs(tx, &caller, &here).await)
        .await?;
    Ok(Online { online: known.into_iter().map(|person| person.id).collect() })
}
