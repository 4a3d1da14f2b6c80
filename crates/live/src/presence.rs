//! Who is in which room, on this node and — as far as they told — on others. People are counted,
//! not connections.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use types::{PersonId, ThingId, Time};
use uuid::Uuid;

/// A node that said nothing for this long is gone, and everybody on it: it has missed two roll calls.
/// That is looked at with each roll call of this node, so it takes up to 80 seconds.
const FORGET: Duration = Duration::from_secs(55);
/// That somebody types is told this often at most.
const TYPING: Duration = Duration::from_secs(1);

/// Somebody in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Member {
    pub(crate) person_id: PersonId,
    /// Since when.
    pub(crate) since: Time,
}

/// What it changes that a connection entered a room, or left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// The person has others there, on this node.
    Nothing,
    /// They have none there on this node, but on another one: that is for the nodes to know.
    Node,
    /// They were, or are, not there at all: that is for everybody there to know.
    Room,
}

impl Change {
    const fn of(elsewhere: bool) -> Self {
        if elsewhere { Self::Node } else { Self::Room }
    }
}

/// Who is where.
#[derive(Default)]
pub(crate) struct Presence(Mutex<State>);

#[derive(Default)]
struct State {
    rooms: HashMap<ThingId, HashMap<PersonId, Here>>,
    nodes: HashMap<Uuid, Node>,
}

struct Here {
    since: Time,
    connections: usize,
    /// Whether the others were told last that they type, and when they were told so.
    typing: bool,
    typed_at: Option<Time>,
}

impl Here {
    const fn since(now: Time) -> Self {
        Self { since: now, connections: 0, typing: false, typed_at: None }
    }
}

/// A roll call of another node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) node: Uuid,
    pub(crate) call: u64,
}

/// What another node said of itself.
#[derive(Default)]
struct Node {
    seen: Option<Time>,
    /// With the roll call that named them last; none has yet, of who has come since.
    people: HashMap<PersonId, Option<u64>>,
    rooms: HashMap<ThingId, HashMap<PersonId, There>>,
    /// The roll call that is heard just now, and how many parts of it came.
    call: u64,
    parts: usize,
}

/// Somebody in a room on another node.
struct There {
    since: Time,
    /// As of [`Node::people`].
    call: Option<u64>,
}

impl Presence {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection entered a room.
    pub(crate) fn enter(&self, room: ThingId, person: PersonId, now: Time) -> Change {
        let mut state = self.lock();
        let elsewhere = state.is_elsewhere(room, person);
        let here = state.rooms.entry(room).or_default();
        let here = here.entry(person).or_insert(Here::since(now));
        here.connections += 1;
        if here.connections == 1 { Change::of(elsewhere) } else { Change::Nothing }
    }

    /// A connection left a room.
    pub(crate) fn exit(&self, room: ThingId, person: PersonId) -> Change {
        let mut state = self.lock();
        let Some(people) = state.rooms.get_mut(&room) else { return Change::Nothing };
        let Some(here) = people.get_mut(&person) else { return Change::Nothing };
        here.connections = here.connections.saturating_sub(1);
        if here.connections > 0 {
            return Change::Nothing;
        }
        people.remove(&person);
        if people.is_empty() {
            state.rooms.remove(&room);
        }
        Change::of(state.is_elsewhere(room, person))
    }

    /// Somebody types in a room, or does no more; whether the others are to be told. Each way they
    /// are told once a second at most, but that somebody stopped they always are: else they would
    /// see them type for ever.
    pub(crate) fn types(&self, room: ThingId, person: PersonId, on: bool, now: Time) -> bool {
        let mut state = self.lock();
        let here = state.rooms.get_mut(&room).and_then(|people| people.get_mut(&person));
        let Some(here) = here else { return false };
        let stops = here.typing && !on;
        let soon = here.typed_at.is_some_and(|at| at <= now && now < at.after(TYPING));
        if soon && !stops {
            return false;
        }
        if !stops {
            here.typed_at = Some(now);
        }
        here.typing = on;
        true
    }

    /// Who is in a room, the longest first.
    pub(crate) fn members(&self, room: ThingId) -> Vec<Member> {
        let state = self.lock();
        let mut members: BTreeMap<PersonId, Time> = BTreeMap::new();
        let here = state.rooms.get(&room).into_iter().flatten();
        let here = here.map(|(person, here)| (*person, here.since));
        let there = state.nodes.values().filter_map(|node| node.rooms.get(&room)).flatten();
        let there = there.map(|(person, there)| (*person, there.since));
        for (person, since) in here.chain(there) {
            members.entry(person).and_modify(|known| *known = since.min(*known)).or_insert(since);
        }
        let mut members: Vec<Member> =
            members.into_iter().map(|(person_id, since)| Member { person_id, since }).collect();
        members.sort_by_key(|member| member.since);
        members
    }

    /// Everybody in a room here, for other nodes.
    pub(crate) fn here(&self) -> Vec<(ThingId, Member)> {
        let state = self.lock();
        let all = state.rooms.iter().flat_map(|(room, people)| {
            people
                .iter()
                .map(|(person, here)| (*room, Member { person_id: *person, since: here.since }))
        });
        all.collect()
    }

    /// Whether somebody is connected to another node.
    pub(crate) fn is_on_another_node(&self, person: PersonId) -> bool {
        self.lock().nodes.values().any(|node| node.people.contains_key(&person))
    }

    /// Another node is there: what it says counts for a while.
    pub(crate) fn node(&self, node: Uuid, now: Time) {
        self.lock().nodes.entry(node).or_default().seen = Some(now);
    }

    /// Somebody connected to another node; by which roll call it is known, if by one.
    pub(crate) fn on_node(&self, node: Uuid, person: PersonId, call: Option<u64>) {
        self.lock().nodes.entry(node).or_default().people.insert(person, call);
    }

    /// Somebody left another node.
    pub(crate) fn off_node(&self, node: Uuid, person: PersonId) {
        self.lock().nodes.entry(node).or_default().people.remove(&person);
    }

    /// Somebody entered a room on another node; whether they were not there before.
    pub(crate) fn entered_on(
        &self,
        node: Uuid,
        room: ThingId,
        member: &Member,
        call: Option<u64>,
    ) -> bool {
        let mut state = self.lock();
        let before = state.is_anywhere(room, member.person_id);
        let people = state.nodes.entry(node).or_default().rooms.entry(room).or_default();
        people.insert(member.person_id, There { since: member.since, call });
        !before
    }

    /// Somebody left a room on another node; whether they are not there any more, and were.
    pub(crate) fn exited_on(&self, node: Uuid, room: ThingId, person: PersonId) -> bool {
        let mut state = self.lock();
        let Some(node) = state.nodes.get_mut(&node) else { return false };
        let Some(people) = node.rooms.get_mut(&room) else { return false };
        let was = people.remove(&person).is_some();
        if people.is_empty() {
            node.rooms.remove(&room);
        }
        was && !state.is_anywhere(room, person)
    }

    /// A part of another node's roll call came.
    pub(crate) fn called_part(&self, Call { node, call }: Call) {
        let mut state = self.lock();
        let node = state.nodes.entry(node).or_default();
        if node.call != call {
            (node.call, node.parts) = (call, 0);
        }
        node.parts += 1;
    }

    /// Another node's roll call is over. If all of its `parts` came, whoever was not named has left
    /// without our having heard of it, for whoever comes says so before or after all of it; who is not
    /// in a room any more because of that. Of a call in part nothing is known: the next is not far.
    pub(crate) fn called(
        &self,
        Call { node, call }: Call,
        parts: usize,
    ) -> Vec<(ThingId, PersonId)> {
        let mut state = self.lock();
        let Some(node) = state.nodes.get_mut(&node) else { return Vec::new() };
        if (node.call, node.parts) != (call, parts) {
            return Vec::new();
        }
        node.people.retain(|_, known| *known == Some(call));
        let mut gone = Vec::new();
        for (room, people) in &mut node.rooms {
            let left = people.extract_if(|_, there| there.call != Some(call));
            gone.extend(left.map(|(person, _)| (*room, person)));
        }
        node.rooms.retain(|_, people| !people.is_empty());
        gone.retain(|(room, person)| !state.is_anywhere(*room, *person));
        gone
    }

    /// Forgets nodes that have been quiet; who is not in a room any more because of that.
    pub(crate) fn forget_quiet(&self, now: Time) -> Vec<(ThingId, PersonId)> {
        let mut state = self.lock();
        let before = now.before(FORGET);
        let quiet: Vec<Uuid> = state
            .nodes
            .iter()
            .filter(|(_, node)| node.seen < Some(before))
            .map(|(id, _)| *id)
            .collect();
        quiet.into_iter().flat_map(|id| state.forget(id)).collect()
    }

    /// Forgets a node; who is not in a room any more because of that.
    pub(crate) fn forget(&self, node: Uuid) -> Vec<(ThingId, PersonId)> {
        self.lock().forget(node)
    }
}

impl State {
    fn forget(&mut self, node: Uuid) -> Vec<(ThingId, PersonId)> {
        let mut gone = Vec::new();
        let Some(node) = self.nodes.remove(&node) else { return gone };
        for (room, people) in node.rooms {
            gone.extend(people.into_keys().map(|person| (room, person)));
        }
        gone.retain(|(room, person)| !self.is_anywhere(*room, *person));
        gone
    }

    fn is_elsewhere(&self, room: ThingId, person: PersonId) -> bool {
        let in_room =
            |node: &Node| node.rooms.get(&room).is_some_and(|all| all.contains_key(&person));
        self.nodes.values().any(in_room)
    }

    fn is_anywhere(&self, room: ThingId, person: PersonId) -> bool {
        self.rooms.get(&room).is_some_and(|all| all.contains_key(&person))
            || self.is_elsewhere(room, person)
    }
}

#[cfg(test)]
#[path = "presence_tests.rs"]
mod tests;
