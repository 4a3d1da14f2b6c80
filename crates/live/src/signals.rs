//! What nodes tell each other in passing: who is where, who types, who has read. Nothing of it is
//! kept; a node that missed some is set right by the next roll call: all who are on a node are
//! named in it, and who is not is not there.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use types::{PersonId, ThingId, Time};
use uuid::Uuid;

use crate::presence::{Call, Member};
use crate::receipts::Step;
use crate::{Live, receipts, rooms};

/// A roll call comes this often.
const ROLL_CALL: Duration = Duration::from_secs(25);
/// People or places told in one signal: PostgreSQL carries 8 000 bytes.
const TOLD: usize = 50;

/// Something in passing.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(crate) enum Signal {
    /// A node has started: others say who is where.
    Hello,
    /// A node stops: nobody is there any more.
    Gone,
    /// Part of a roll call: people connected here.
    Here { call: u64, people: Vec<PersonId> },
    /// Part of a roll call: people in rooms here.
    Inside { call: u64, places: Vec<(ThingId, Member)> },
    /// A roll call is over, and had so many parts.
    Called { call: u64, parts: usize },
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
    /// How often the roll was called; see [`Self::in_order`].
    calls: Mutex<u64>,
    db: database::Db,
}

impl Signals {
    pub(crate) fn new(node: Uuid, db: database::Db) -> Self {
        Self { node, calls: Mutex::default(), db }
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

    /// Where somebody comes or goes and it is said, and where the roll is called: one after the other,
    /// so that the others hear it in the order in which it was. Who left after it was seen who is here
    /// would else be named by a roll call that is heard after their leaving.
    pub(crate) fn in_order<T>(&self, act: impl FnOnce(&mut u64) -> T) -> T {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut calls)
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
    if !live.app.db.has_nodes() {
        return;
    }
    live.signals.in_order(|calls| {
        // Whoever is named after it was said that nobody is there stays until the node is forgotten.
        if live.is_closing() {
            return;
        }
        *calls += 1;
        let parts = roll(*calls, &live.board.people(), &live.presence.here());
        let count = parts.len();
        for part in parts {
            live.signals.send(part);
        }
        live.signals.send(Signal::Called { call: *calls, parts: count });
    });
}

/// The parts of a roll call; one at least, by which the others know that this node is there.
fn roll(call: u64, people: &[PersonId], inside: &[(ThingId, Member)]) -> Vec<Signal> {
    let here = people.chunks(TOLD).map(|part| Signal::Here { call, people: part.to_vec() });
    let inside = inside.chunks(TOLD).map(|part| Signal::Inside { call, places: part.to_vec() });
    let mut parts: Vec<Signal> = here.chain(inside).collect();
    if parts.is_empty() {
        parts.push(Signal::Here { call, people: Vec::new() });
    }
    parts
}

fn hear(live: &Live, text: &str) {
    let Ok(Envelope { node, signal }) = serde_json::from_str(text) else { return };
    if node == live.signals.node {
        return;
    }
    live.presence.node(node, live.app.now());
    match signal {
        Signal::Hello => call_the_roll(live),
        Signal::Gone => {
            for (room, person) in live.presence.forget(node) {
                rooms::tell_of(live, None, room, person, false);
            }
        }
        Signal::Here { call, people } => {
            for person in people {
                live.presence.on_node(node, person, Some(call));
            }
            live.presence.called_part(Call { node, call });
        }
        Signal::Inside { call, places } => {
            for (room, member) in places {
                enter(live, node, room, &member, Some(call));
            }
            live.presence.called_part(Call { node, call });
        }
        Signal::Called { call, parts } => {
            for (room, person) in live.presence.called(Call { node, call }, parts) {
                rooms::tell_of(live, None, room, person, false);
            }
        }
        Signal::Online { person, online: true } => live.presence.on_node(node, person, None),
        Signal::Online { person, online: false } => live.presence.off_node(node, person),
        Signal::Entered { room, person, since } => {
            enter(live, node, room, &Member { person_id: person, since }, None);
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

fn enter(live: &Live, node: Uuid, room: ThingId, member: &Member, call: Option<u64>) {
    if live.presence.entered_on(node, room, member, call) {
        rooms::tell_of(live, None, room, member.person_id, true);
    }
}

#[cfg(test)]
#[path = "signals_tests.rs"]
mod tests;
