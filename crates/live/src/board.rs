//! Who listens to what in this process, and how far they have been told.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use database::seams::tail::Position;
use telemetry::Meters;
use types::{PersonId, ThingId, Time};
use web::CursorKey;

use crate::engine::Frame;
use crate::heard::Heard;
use crate::listener::{Listener, Sink, Style};
use crate::topic::{Topic, topics_of};
use crate::wire::Wire;

/// The board; its lock is held for moments: who listens is taken out under it, and told without it.
#[derive(Default)]
pub(crate) struct Board {
    state: Mutex<State>,
    /// Batches that may have given somebody other rights, counted before anybody is looked at again.
    reviews: AtomicU64,
    meters: Arc<Meters>,
}

type Listeners = Arc<Vec<Arc<Listener>>>;

#[derive(Default)]
struct State {
    /// Everything up to here was handed out, or is, to those who listened before.
    at: Position,
    /// Shared with who tells them something just now; only then they are copied to be changed.
    topics: HashMap<Topic, Listeners>,
    /// Listeners of rooms.
    rooms: usize,
    /// Connections by person.
    people: HashMap<PersonId, Vec<Arc<Wire>>>,
    /// Streams of server-sent events by person: they count as connections, but nobody is here by one.
    streams: HashMap<PersonId, usize>,
    wires: usize,
    listeners: usize,
}

impl State {
    /// Of somebody, of either kind.
    fn connections(&self, person: PersonId) -> usize {
        let wires = self.people.get(&person).map_or(0, Vec::len);
        wires + self.streams.get(&person).copied().unwrap_or_default()
    }

    fn add(&mut self, listener: Arc<Listener>) {
        self.rooms += usize::from(listener.needs_parents());
        Arc::make_mut(self.topics.entry(listener.key()).or_default()).push(listener);
        self.listeners += 1;
    }
}

/// Whether a listener that has caught up to some place may become live.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Joined {
    /// It is.
    Live,
    /// More was handed out meanwhile.
    Behind,
}

impl Board {
    /// An empty one that counts what happens there.
    pub(crate) fn new(meters: &Arc<Meters>) -> Self {
        Self { state: Mutex::default(), reviews: AtomicU64::default(), meters: Arc::clone(meters) }
    }

    /// Says how many there are now.
    fn count(&self, state: &State) {
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.meters.live.sockets.set(count(state.wires));
        self.meters.live.subscriptions.set(count(state.listeners));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the log ended while nobody listened. Who has begun to listen since that was asked for is
    /// told from where they began, so for them nothing is skipped.
    pub(crate) fn skip_to(&self, end: Position) {
        let mut state = self.lock();
        if state.topics.is_empty() {
            state.at = state.at.max(end);
            self.meters.live.reached(state.at.xid, state.at.seq);
        }
    }

    /// Who looks at what somebody may see, and only then puts them here, looks again when this has
    /// changed meanwhile: who was reviewed were those who were here.
    pub(crate) fn reviews(&self) -> u64 {
        self.reviews.load(Ordering::SeqCst)
    }

    /// Those who are here are looked at again from now on.
    pub(crate) fn review(&self) {
        self.reviews.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn at(&self) -> Position {
        self.lock().at
    }

    pub(crate) fn is_empty(&self) -> bool {
        let state = self.lock();
        state.topics.is_empty() && state.wires == 0
    }

    /// Whether somebody listens to a room: then what things belong to has to be looked up.
    pub(crate) fn has_rooms(&self) -> bool {
        self.lock().rooms > 0
    }

    /// Adds a connection of somebody, who may have so many with their streams; how many of theirs
    /// there are now.
    pub(crate) fn arrive(&self, person: PersonId, wire: &Arc<Wire>, most: usize) -> Option<usize> {
        let mut state = self.lock();
        if state.connections(person) >= most {
            return None;
        }
        let theirs = state.people.entry(person).or_default();
        theirs.push(Arc::clone(wire));
        let count = theirs.len();
        state.wires += 1;
        self.count(&state);
        Some(count)
    }

    /// Takes a connection out; whether it was the person's last.
    pub(crate) fn depart(&self, person: PersonId, wire: &Wire) -> bool {
        let mut state = self.lock();
        let Some(theirs) = state.people.get_mut(&person) else { return false };
        let before = theirs.len();
        theirs.retain(|other| other.id != wire.id);
        let (left, gone) = (theirs.len(), before - theirs.len());
        state.wires -= gone;
        self.count(&state);
        if left == 0 {
            state.people.remove(&person);
        }
        left == 0 && gone > 0
    }

    /// Adds a stream of somebody, who may have so many with their connections; whether there was room.
    pub(crate) fn begin_stream(&self, person: PersonId, most: usize) -> bool {
        let mut state = self.lock();
        let room = state.connections(person) < most;
        if room {
            *state.streams.entry(person).or_default() += 1;
        }
        room
    }

    /// Takes one of their streams out.
    pub(crate) fn end_stream(&self, person: PersonId) {
        let mut state = self.lock();
        let Some(theirs) = state.streams.get_mut(&person) else { return };
        *theirs -= 1;
        if *theirs == 0 {
            state.streams.remove(&person);
        }
    }

    /// Every connection of somebody.
    pub(crate) fn wires_of(&self, person: PersonId) -> Vec<Arc<Wire>> {
        self.lock().people.get(&person).cloned().unwrap_or_default()
    }

    /// Every connection.
    pub(crate) fn wires(&self) -> Vec<Arc<Wire>> {
        self.lock().people.values().flatten().cloned().collect()
    }

    /// Whether somebody is connected here.
    pub(crate) fn is_here(&self, person: PersonId) -> bool {
        self.lock().people.contains_key(&person)
    }

    /// Everybody who is connected here.
    pub(crate) fn people(&self) -> Vec<PersonId> {
        self.lock().people.keys().copied().collect()
    }

    /// Listens from now on; from where.
    pub(crate) fn listen(&self, listener: Arc<Listener>) -> Position {
        let mut state = self.lock();
        let at = state.at;
        // It may have left before it began.
        if listener.is_gone() {
            return at;
        }
        listener.go_live(at);
        state.add(listener);
        self.count(&state);
        at
    }

    /// Listens on after having been told everything up to `covered`.
    pub(crate) fn join(&self, listener: &Arc<Listener>, covered: Position) -> Joined {
        let mut state = self.lock();
        if state.at > covered {
            return Joined::Behind;
        }
        if listener.is_gone() {
            return Joined::Live;
        }
        listener.go_live(covered);
        state.add(Arc::clone(listener));
        self.count(&state);
        Joined::Live
    }

    /// Listens no more.
    pub(crate) fn leave(&self, listener: &Arc<Listener>) {
        listener.leave();
        let mut state = self.lock();
        let Some(all) = state.topics.get_mut(&listener.key()).map(Arc::make_mut) else { return };
        let before = all.len();
        all.retain(|other| !Arc::ptr_eq(other, listener));
        let (left, gone) = (all.len(), before - all.len());
        if left == 0 {
            state.topics.remove(&listener.key());
        }
        state.listeners -= gone;
        state.rooms -= if listener.needs_parents() { gone } else { 0 };
        self.count(&state);
    }

    /// Nobody listens any more; every connection there is. To take their listeners out one by one
    /// would take as many looks as there are pairs of them.
    pub(crate) fn close(&self) -> Vec<Arc<Wire>> {
        let topics = {
            let mut state = self.lock();
            (state.listeners, state.rooms) = (0, 0);
            self.count(&state);
            std::mem::take(&mut state.topics)
        };
        for listener in topics.values().flat_map(|all| all.iter()) {
            listener.leave();
        }
        self.wires()
    }

    /// Every listener for which `is` holds.
    pub(crate) fn listeners(&self, is: impl Fn(&Listener) -> bool) -> Vec<Arc<Listener>> {
        let state = self.lock();
        state.topics.values().flat_map(|all| all.iter()).filter(|one| is(one)).cloned().collect()
    }

    /// Whether somebody listens to this room.
    pub(crate) fn is_room(&self, room: ThingId) -> bool {
        self.lock().topics.contains_key(&Topic::Room(room))
    }

    /// Who listens to a room.
    pub(crate) fn listeners_of(&self, room: ThingId) -> Vec<Arc<Listener>> {
        let state = self.lock();
        state
            .topics
            .get(&Topic::Room(room))
            .into_iter()
            .flat_map(|all| all.iter())
            .cloned()
            .collect()
    }

    /// Hands a batch out, one event after the other, so that others find their way to the board in
    /// between. A frame is made once for each topic, not for each listener; nobody waits for whoever
    /// has no room for it: they are answered. Only one hands out: else the order were lost.
    ///
    /// A batch that was read without `parents` ends where somebody is in a room by now: which room an
    /// event is of is not known of it. How many events were handed out is answered, too.
    pub(crate) fn hand_out(
        &self,
        batch: &[Heard],
        parents: bool,
        cursors: &CursorKey,
        now: Time,
    ) -> (usize, Vec<Arc<Listener>>) {
        let mut slow: Vec<Arc<Listener>> = Vec::new();
        let (mut told, mut handed_out) = (0, 0);
        for heard in batch {
            let event = &heard.told.event;
            let topics = topics_of(event.group_id, event.target_id, heard.parent);
            let Some(all) = self.take(heard.told.position, topics, parents) else { break };
            for listeners in all {
                told += tell(heard, &listeners, cursors, now, &mut slow);
            }
            handed_out += 1;
        }
        let at = self.at();
        self.meters.live.reached(at.xid, at.seq);
        self.meters.live.frames.add(told);
        (handed_out, slow)
    }

    /// Who has to be told of an event at `at`, which belongs to these topics. Whoever begins to listen
    /// from here on does so behind it: with what came before it they have caught up, or are told by
    /// whoever reads it for them. None, and nothing is moved, when somebody listens to a room and it
    /// was read without what its thing belongs to (`parents`): it may be of that room.
    fn take(
        &self,
        at: Position,
        topics: impl Iterator<Item = Topic>,
        parents: bool,
    ) -> Option<Vec<Listeners>> {
        let mut state = self.lock();
        if state.rooms > 0 && !parents {
            return None;
        }
        state.at = state.at.max(at);
        Some(topics.filter_map(|topic| state.topics.get(&topic).cloned()).collect())
    }

    /// Mentions something to everybody in a room but one connection. Nothing of it is kept, and
    /// nobody is sent away for having no room for it: else who types could end whoever listens.
    pub(crate) fn tell_room(&self, room: ThingId, packet: &Frame, but: Option<&Wire>) {
        let listeners = {
            let state = self.lock();
            state.topics.get(&Topic::Room(room)).cloned().unwrap_or_default()
        };
        let mut told = 0;
        for listener in listeners.iter().filter(|one| one.style == Style::Messages) {
            let Sink::Wire(wire) = &listener.sink else { continue };
            if but.is_none_or(|but| but.id != wire.id) {
                told += u64::from(wire.mention(packet.clone()));
            }
        }
        self.meters.live.frames.add(told);
    }
}

/// Tells those who listen at one place of the board; frames are kept by what the place is called,
/// which is one name, or two where a group is somebody's own. How many were told.
fn tell(
    heard: &Heard,
    listeners: &[Arc<Listener>],
    cursors: &CursorKey,
    now: Time,
    slow: &mut Vec<Arc<Listener>>,
) -> u64 {
    let mut told = 0;
    let mut frames: Vec<(Topic, Style, Option<Frame>)> = Vec::new();
    for listener in listeners.iter().filter(|one| one.awaits(heard, now)) {
        let (topic, style) = (listener.topic, listener.style);
        if let Sink::Stream { outlet, .. } = &listener.sink {
            if outlet.tell(heard.json(topic, cursors)).is_err() {
                miss(listener, slow);
            } else {
                told += 1;
            }
            continue;
        }
        let known = frames.iter().position(|one| (one.0, one.1) == (topic, style));
        let at = known.unwrap_or_else(|| {
            let frame = match style {
                Style::Events => Some(heard.event(topic, cursors)),
                Style::Messages => heard.message(cursors),
            };
            frames.push((topic, style, frame));
            frames.len() - 1
        });
        let Some((_, _, Some(frame))) = frames.get(at) else { continue };
        if listener.sink.send(frame).is_err() {
            miss(listener, slow);
        } else {
            told += 1;
        }
    }
    told
}

/// A listener has missed an event: with the next one it would come back behind both.
fn miss(listener: &Arc<Listener>, slow: &mut Vec<Arc<Listener>>) {
    listener.leave();
    slow.push(Arc::clone(listener));
}

#[cfg(test)]
#[path = "board_tests.rs"]
mod tests;
