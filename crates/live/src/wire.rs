//! One Socket.IO connection: who is at its other end, what it listens to, and what it said that
//! is not answered yet.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::Caller;
use types::ThingId;

use crate::door::Credentials;
use crate::engine::Session;
use crate::handler::Handler;
use crate::listener::{Listener, Style};
use crate::topic::Topic;

/// A connection, with our [`State`] of it.
pub(crate) type Wire = Session<Handler>;

/// What a client may have said before the first of it is answered.
const INBOX: usize = 64;
/// The same in bytes, beyond which nothing is added: so many of the largest frames would be 64 MiB,
/// of whoever connects.
const INBOX_BYTES: usize = 1 << 20;

/// What is kept of a connection.
pub(crate) struct Shared {
    /// What it is called in the log and by its client's library. Not the name of its session: who
    /// knows that one may speak for it.
    pub(crate) id: Arc<str>,
    /// Held by who asks again who is at its other end, and what they may see: two who did so at the
    /// same time could leave what the one read before a change over what the other read after it.
    pub(crate) looking: tokio::sync::Mutex<()>,
    /// The lock is held for moments only.
    state: Mutex<State>,
}

/// What is known of a connection.
#[derive(Default)]
pub(crate) struct State {
    /// Who it is; nobody before they were let in and after they were sent away.
    pub(crate) guest: Option<Arc<Guest>>,
    /// What the request that opened it showed; nothing once they are let in.
    pub(crate) opening: Option<Credentials>,
    /// Packets to be answered in their order.
    inbox: VecDeque<Box<str>>,
    /// Bytes of them.
    said: usize,
    /// Whether somebody is answering them.
    working: bool,
    /// Frames of bytes to come that nobody wants.
    pub(crate) skip: u8,
    /// What it listens to.
    pub(crate) listening: HashMap<(Topic, Style), Arc<Listener>>,
    /// It is over: nothing is added any more.
    pub(crate) closed: bool,
}

/// Who was let in.
pub(crate) struct Guest {
    /// As they were when they were last looked up.
    pub(crate) caller: Caller,
    /// How they proved it: it is asked for again when something about them changes.
    pub(crate) credentials: Credentials,
}

/// What became of a packet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// Somebody is answering packets already.
    Waits,
    /// Somebody has to begin.
    Begin,
    /// Too many are waiting.
    Flood,
}

impl State {
    /// The rooms it is in.
    pub(crate) fn rooms(&self) -> Vec<ThingId> {
        let rooms = self.listening.keys().filter_map(|(topic, style)| match (topic, style) {
            (Topic::Room(room), Style::Messages) => Some(*room),
            _ => None,
        });
        rooms.collect()
    }

    /// Takes out this very listener; whether it was still there. Another one may be in its place.
    pub(crate) fn forget(&mut self, listener: &Arc<Listener>) -> bool {
        let what = (listener.topic, listener.style);
        let is_it = self.listening.get(&what).is_some_and(|known| Arc::ptr_eq(known, listener));
        if is_it {
            self.listening.remove(&what);
        }
        is_it
    }
}

impl Shared {
    /// Of a connection that was opened with these credentials.
    pub(crate) fn new(id: Arc<str>, opening: Credentials) -> Self {
        let state = State { opening: Some(opening), ..State::default() };
        Self { id, looking: tokio::sync::Mutex::default(), state: Mutex::new(state) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a packet in.
    pub(crate) fn put(&self, packet: Box<str>) -> Put {
        let mut state = self.lock();
        // Nobody is there to be answered.
        if state.closed {
            return Put::Waits;
        }
        if state.inbox.len() >= INBOX || state.said >= INBOX_BYTES {
            return Put::Flood;
        }
        state.said += packet.len();
        state.inbox.push_back(packet);
        if std::mem::replace(&mut state.working, true) { Put::Waits } else { Put::Begin }
    }

    /// The next packet to be answered; after the last one nobody is working any more.
    pub(crate) fn next(&self) -> Option<Box<str>> {
        let mut state = self.lock();
        let next = if state.closed { None } else { state.inbox.pop_front() };
        if let Some(packet) = &next {
            state.said -= packet.len();
        } else {
            (state.inbox, state.said) = (VecDeque::new(), 0);
            state.working = false;
        }
        next
    }

    pub(crate) fn guest(&self) -> Option<Arc<Guest>> {
        self.lock().guest.clone()
    }

    /// Whether it is in this room.
    pub(crate) fn is_in(&self, room: ThingId) -> bool {
        self.lock().listening.contains_key(&(Topic::Room(room), Style::Messages))
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
