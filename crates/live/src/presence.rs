//! Who is in which room, on this node and — as far as they told — on others. People are counted,
//! not connections.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use types::{PersonId, ThingId, Time};
use uuid::Uuid;

/// A node that said nothing for this long is gone, and everybody on it.
const FORGET: Duration = Duration::from_secs(80);
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

/// What another node said of itself.
#[derive(Default)]
struct Node {
    seen: Option<Time>,
    people: HashSet<PersonId>,
    rooms: HashMap<ThingId, HashMap<PersonId, Time>>,
}

impl Presence {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection entered a room; whether the person was not there before.
    pub(crate) fn enter(&self, room: ThingId, person: PersonId, now: Time) -> bool {
        let mut state = self.lock();
        let elsewhere = state.is_elsewhere(room, person);
        let here = state.rooms.entry(room).or_default();
        let here = here.entry(person).or_insert(Here::since(now));
        here.connections += 1;
        here.connections == 1 && !elsewhere
    }

    /// A connection left a room; whether the person is not there any more.
    pub(crate) fn exit(&self, room: ThingId, person: PersonId) -> bool {
        let mut state = self.lock();
        let Some(people) = state.rooms.get_mut(&room) else { return false };
        let Some(here) = people.get_mut(&person) else { return false };
        here.connections = here.connections.saturating_sub(1);
        if here.connections > 0 {
            return false;
        }
        people.remove(&person);
        if people.is_empty() {
            state.rooms.remove(&room);
        }
        !state.is_elsewhere(room, person)
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
        for (person, since) in here.chain(there.map(|(person, since)| (*person, *since))) {
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
        self.lock().nodes.values().any(|node| node.people.contains(&person))
    }

    /// Another node is there: what it says counts for a while.
    pub(crate) fn node(&self, node: Uuid, now: Time) {
        self.lock().nodes.entry(node).or_default().seen = Some(now);
    }

    /// Somebody connected to another node, or left it.
    pub(crate) fn on_node(&self, node: Uuid, person: PersonId, online: bool) {
        let mut state = self.lock();
        let people = &mut state.nodes.entry(node).or_default().people;
        if online {
            people.insert(person);
        } else {
            people.remove(&person);
        }
    }

    /// Somebody entered a room on another node; whether they were not there before.
    pub(crate) fn entered_on(&self, node: Uuid, room: ThingId, member: &Member) -> bool {
        let mut state = self.lock();
        let before = state.is_anywhere(room, member.person_id);
        let rooms = &mut state.nodes.entry(node).or_default().rooms;
        rooms.entry(room).or_default().insert(member.person_id, member.since);
        !before
    }

    /// Somebody left a room on another node; whether they are not there any more.
    pub(crate) fn exited_on(&self, node: Uuid, room: ThingId, person: PersonId) -> bool {
        let mut state = self.lock();
        if let Some(node) = state.nodes.get_mut(&node)
            && let Some(people) = node.rooms.get_mut(&room)
        {
            people.remove(&person);
            if people.is_empty() {
                node.rooms.remove(&room);
            }
        }
        !state.is_anywhere(room, person)
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
        let mut gone = Vec::new();
        for id in quiet {
            let Some(node) = state.nodes.remove(&id) else { continue };
            for (room, people) in node.rooms {
                gone.extend(people.into_keys().map(|person| (room, person)));
            }
        }
        gone.retain(|(room, person)| !state.is_anywhere(*room, *person));
        gone
    }
}

impl State {
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
