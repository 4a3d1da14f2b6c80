//! What nodes tell each other in passing: who is where, who types, who has read. Nothing of it is
//! kept; a node that missed some is set right by the next roll call.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use types::{PersonId, ThingId, Time};
use uuid::Uuid;

use crate::presence::Member;
use crate::receipts::Step;
use crate::{Live, receipts, rooms};

/// A roll call comes this often.
const ROLL_CALL: Duration = Duration::from_secs(25);
/// People or places told in one signal: PostgreSQL carries 8 000 bytes.
const TOLD: usize = 60;

/// Something in passing.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(crate) enum Signal {
    /// A node has started: others say who is where.
    Hello,
    /// People connected here.
    Here { people: Vec<PersonId> },
    /// People in rooms here.
    Inside { room: ThingId, members: Vec<Member> },
    /// Somebody's first connection here, or the end of the last.
    Online { person: PersonId, online: bool },
    /// Into a room.
    Entered { room: ThingId, person: PersonId, since: Time },
    /// Out of it.
    Exited { room: ThingId, person: PersonId },
    /// Typing in a room.
    Typing { room: ThingId, person: PersonId, on: bool },
    /// Got or read so far.
    Receipt { room: ThingId, person: PersonId, step: Step, seq: i64 },
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    node: Uuid,
    signal: Signal,
}

/// The way out to other nodes; nowhere on an engine that has none.
pub(crate) struct Signals {
    node: Uuid,
    db: database::Db,
}

impl Signals {
    pub(crate) fn new(node: Uuid, db: database::Db) -> Self {
        Self { node, db }
    }

    /// Tells the others.
    pub(crate) fn send(&self, signal: Signal) {
        if !self.db.has_nodes() {
            return;
        }
        if let Ok(text) = serde_json::to_string(&Envelope { node: self.node, signal }) {
            self.db.signal(text);
        }
    }
}

/// Hears other nodes and calls the roll, until the task is dropped.
pub(crate) async fn follow(live: Live) {
    let mut heard = live.app.db.signals();
    let mut roll_call = tokio::time::interval(ROLL_CALL);
    live.signals.send(Signal::Hello);
    loop {
        tokio::select! {
            heard = heard.recv() => match heard {
                Ok(text) => hear(&live, &text),
                // Some were missed: the roll call sets that right.
                Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                Err(tokio::sync::broadcast::error::RecvError::Closed) => {
                    std::future::pending::<()>().await;
                }
            },
            _ = roll_call.tick() => {
                call_the_roll(&live);
                for (room, person) in live.presence.forget_quiet(live.app.now()) {
                    rooms::tell_of(&live, None, room, person, false);
                }
            }
        }
    }
}

fn call_the_roll(live: &Live) {
    let people = live.board.people();
    for part in people.chunks(TOLD) {
        live.signals.send(Signal::Here { people: part.to_vec() });
    }
    if people.is_empty() {
        live.signals.send(Signal::Here { people });
    }
    for (room, member) in live.presence.here() {
        live.signals.send(Signal::Inside { room, members: vec![member] });
    }
}

fn hear(live: &Live, text: &str) {
    let Ok(Envelope { node, signal }) = serde_json::from_str(text) else { return };
    if node == live.signals.node {
        return;
    }
    live.presence.node(node, live.app.now());
    match signal {
        Signal::Hello => call_the_roll(live),
        Signal::Here { people } => {
            for person in people {
                live.presence.on_node(node, person, true);
            }
        }
        Signal::Inside { room, members } => {
            for member in members {
                enter(live, node, room, &member);
            }
        }
        Signal::Online { person, online } => live.presence.on_node(node, person, online),
        Signal::Entered { room, person, since } => {
            enter(live, node, room, &Member { person_id: person, since });
        }
        Signal::Exited { room, person } => {
            if live.presence.exited_on(node, room, person) {
                rooms::tell_of(live, None, room, person, false);
            }
        }
        Signal::Typing { room, person, on } => {
            live.board.tell_room(room, &rooms::typing_packet(room, person, on), None);
        }
        Signal::Receipt { room, person, step, seq } => {
            live.board.tell_room(room, &receipts::packet_of(room, person, step, seq), None);
        }
    }
}

fn enter(live: &Live, node: Uuid, room: ThingId, member: &Member) {
    if live.presence.entered_on(node, room, member) {
        rooms::tell_of(live, None, room, member.person_id, true);
    }
}
