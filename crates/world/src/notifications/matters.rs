//! Which events matter to whom, and as what.

use std::collections::{BTreeSet, HashMap};

use database::Tx;
use types::{AnyId, GroupId, Json, JsonMap, Kind, PersonId, Result, ThingId};

use super::model::NotificationKind as What;
use super::receivers_sql as sql;
use crate::events::Told;

/// Types of events that may matter to somebody.
const TYPES: [&str; 13] = [
    "thing_created",
    "connection_created",
    "user_invited_to_group",
    "user_joined_group",
    "join_requested",
    "join_request_rejected",
    "person_role_changed",
    "ownership_transferred",
    "quota_warning",
    "webhook_disabled",
    "receiver_disabled",
    "contact_submitted",
    SENT,
];
/// Says that somebody who may do so sent something.
pub(super) const SENT: &str = "notification_sent";
/// People one text names; those who come later are not told.
const MENTIONS: usize = 20;
/// Properties in which texts name people.
const TEXTS: [&str; 6] = ["content", "text", "body", "message", "description", "summary"];
/// Letters of a username.
const USERNAME: std::ops::RangeInclusive<usize> = 3..=20;

/// Whether an event of this type may matter to anybody.
pub(super) fn is_one(kind: &str) -> bool {
    TYPES.contains(&kind)
}

/// An event that may matter to some people. Each of them is told once: by name, if they are named.
pub(super) struct Matter {
    pub(super) told: Told,
    named: Vec<(PersonId, About)>,
    broad: Option<(Whom, About)>,
}

/// What it is to somebody.
#[derive(Debug, Clone)]
pub(super) struct About {
    pub(super) what: What,
    pub(super) target: Option<AnyId>,
    /// What belongs together has the same.
    pub(super) key: String,
    pub(super) door: Door,
}

/// Who may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// Whom the policy shows the event.
    Policy,
    /// Members of its group: it is about them, or sent to them.
    Members,
    /// Whoever it is about: they are not in the group yet.
    Open,
}

/// Many people, in the order of their ids.
#[derive(Debug, Clone, Copy)]
pub(super) enum Whom {
    /// Who owns a group.
    Owners(GroupId),
    /// Who is in a group.
    Members(GroupId),
    /// Who takes part in a conversation: its owner, and whoever is connected with it.
    Room(ThingId),
}

impl About {
    fn new(what: What, target: Option<AnyId>, about: impl std::fmt::Display) -> Self {
        Self { what, target, key: format!("{}:{about}", what.name()), door: Door::Policy }
    }

    /// Something was said in a room.
    pub(super) fn of_room(room: ThingId) -> Self {
        Self::new(What::Message, Some(room.into()), room)
    }

    fn of_group(what: What, group: GroupId) -> Self {
        Self::new(what, Some(group.into()), group)
    }

    fn through(self, door: Door) -> Self {
        Self { door, ..self }
    }
}

impl Matter {
    /// What an event is to whom; of `known` things it is told by what was read of them.
    ///
    /// # Errors
    /// As the store.
    pub(super) async fn of(
        tx: &mut Tx,
        told: Told,
        known: &mut HashMap<ThingId, sql::Thing>,
    ) -> Result<Self> {
        let event = &told.event;
        let (group, target) = (event.group_id, event.target_id);
        let person = target.filter(|id| id.kind == Kind::Person).map(|id| PersonId(id.uuid));
        let mut named: Vec<(PersonId, About)> = Vec::new();
        let mut broad = None;
        match event.kind.as_str() {
            "thing_created" => {
                let id = new_thing(event.target_id);
                let thing = match id.and_then(|id| known.remove(&id)) {
                    Some(thing) => Some(thing),
                    None => find(tx, id).await?,
                };
                if let Some(thing) = thing {
                    (named, broad) = of_thing(tx, thing).await?;
                }
            }
            "connection_created" => named = of_connection(tx, target).await?,
            "user_invited_to_group" => {
                let invited = match (person, target) {
                    (Some(person), _) => Some(person),
                    (None, Some(id)) if id.kind == Kind::Invitation => sql::invited(tx, id).await?,
                    _ => None,
                };
                let about = About::of_group(What::Invitation, group).through(Door::Open);
                named.extend(invited.map(|person| (person, about)));
            }
            "user_joined_group" => {
                let about = About::of_group(What::Membership, group).through(Door::Members);
                named.extend(person.map(|person| (person, about)));
            }
            "join_request_rejected" => {
                let about = About::of_group(What::Membership, group);
                named.extend(person.map(|person| (person, about)));
            }
            "person_role_changed" => {
                let about = About::of_group(What::Role, group).through(Door::Members);
                named.extend(person.map(|person| (person, about)));
            }
            "ownership_transferred" => {
                let about = About::of_group(What::Role, group).through(Door::Members);
                let heir = said(&event.metadata, "to").and_then(|id| id.parse().ok());
                named.extend(heir.map(|person| (person, about)));
            }
            "join_requested" => broad = of_owners(What::JoinRequest, group, ""),
            "quota_warning" => {
                let metric = said(&event.metadata, "metric").unwrap_or_default();
                broad = of_owners(What::Quota, group, &metric);
            }
            "webhook_disabled" | "receiver_disabled" => {
                broad = of_owners(What::Webhook, group, "");
            }
            "contact_submitted" => broad = of_owners(What::Contact, group, ""),
            SENT => (named, broad) = of_sent(&told),
            _ => {}
        }
        // Nobody is told what they did themselves.
        named.retain(|(person, _)| Some(*person) != event.actor_id);
        named.sort_by_key(|(person, _)| *person);
        named.dedup_by_key(|(person, _)| *person);
        Ok(Self { told, named, broad })
    }

    /// Up to `limit` of the people it may matter to, after `after` in the order of their ids.
    ///
    /// # Errors
    /// As the store.
    pub(super) async fn page(
        &self,
        tx: &mut Tx,
        after: Option<PersonId>,
        limit: usize,
    ) -> Result<Vec<(PersonId, &About)>> {
        let later = |person: &PersonId| after.is_none_or(|after| *person > after);
        let named = self.named.iter().filter(|(person, _)| later(person));
        let mut all: Vec<(PersonId, &About)> =
            named.map(|(person, about)| (*person, about)).take(limit).collect();
        if let Some((whom, about)) = &self.broad {
            let actor = self.told.event.actor_id;
            // One more: whoever did it may be among them.
            for person in sql::people(tx, *whom, after, i64::try_from(limit)? + 1).await? {
                if !all.iter().any(|(known, _)| *known == person) && Some(person) != actor {
                    all.push((person, about));
                }
            }
        }
        all.sort_by_key(|(person, _)| *person);
        all.truncate(limit);
        Ok(all)
    }
}

/// The thing that an event of a new one is about.
fn new_thing(target: Option<AnyId>) -> Option<ThingId> {
    target.filter(|id| id.kind == Kind::Thing).map(|id| ThingId(id.uuid))
}

/// The new things of a batch of events.
///
/// # Errors
/// As the store.
pub(super) async fn new_things(
    tx: &mut Tx,
    events: &[Told],
) -> Result<HashMap<ThingId, sql::Thing>> {
    let created =
        events.iter().map(|told| &told.event).filter(|event| event.kind == "thing_created");
    let ids: BTreeSet<ThingId> = created.filter_map(|event| new_thing(event.target_id)).collect();
    sql::small_things(tx, &Vec::from_iter(ids)).await
}

/// A text of an event's metadata.
pub(super) fn said(metadata: &Json, name: &str) -> Option<String> {
    metadata.to_map().get(name)?.as_str().map(str::to_owned)
}

type Receivers = (Vec<(PersonId, About)>, Option<(Whom, About)>);

fn of_owners(what: What, group: GroupId, of: &str) -> Option<(Whom, About)> {
    let about = About::new(what, Some(group.into()), format_args!("{group}:{of}"));
    Some((Whom::Owners(group), about))
}

async fn find(tx: &mut Tx, id: Option<ThingId>) -> Result<Option<sql::Thing>> {
    match id {
        Some(id) => sql::thing(tx, id).await,
        None => Ok(None),
    }
}

/// Who is named in a new thing, and whom what it belongs to concerns.
async fn of_thing(tx: &mut Tx, thing: sql::Thing) -> Result<Receivers> {
    let target = thing.id.into();
    let place = thing.parent.unwrap_or(thing.id);
    let mut named = Vec::new();
    // What is sealed names nobody to us.
    if thing.tier == "plain" {
        let names = mentioned(&thing.name, &thing.properties.to_map());
        if !names.is_empty() {
            let about = About::new(What::Mention, Some(target), place);
            let people = sql::of_usernames(tx, &names).await?;
            named.extend(people.into_iter().map(|person| (person, about.clone())));
        }
    }
    let Some(parent) = find(tx, thing.parent).await? else { return Ok((named, None)) };
    if thing.kind == "message" && parent.kind == "conversation" {
        let about = About::of_room(parent.id);
        return Ok((named, Some((Whom::Room(parent.id), about))));
    }
    let about = About::new(What::Comment, Some(parent.id.into()), parent.id);
    let owner = parent.owner.filter(|owner| !named.iter().any(|(person, _)| person == owner));
    named.extend(owner.map(|owner| (owner, about)));
    Ok((named, None))
}

/// The people at the ends of a new connection, and whose the thing is that it leads to.
async fn of_connection(tx: &mut Tx, target: Option<AnyId>) -> Result<Vec<(PersonId, About)>> {
    let Some(id) = target.filter(|id| id.kind == Kind::Connection) else { return Ok(Vec::new()) };
    let Some(connection) = sql::connection(tx, id).await? else { return Ok(Vec::new()) };
    let (from, to) = (connection.from, connection.to);
    let about = |target: AnyId| {
        About::new(What::Connection, Some(target), format_args!("{}:{target}", connection.kind))
    };
    let mut named = Vec::new();
    match to.kind {
        Kind::Person => named.push((PersonId(to.uuid), about(to))),
        Kind::Thing => {
            let thing = sql::thing(tx, ThingId(to.uuid)).await?;
            named.extend(thing.and_then(|thing| thing.owner).map(|owner| (owner, about(to))));
        }
        _ => {}
    }
    if from.kind == Kind::Person {
        named.push((PersonId(from.uuid), about(to)));
    }
    Ok(named)
}

fn of_sent(told: &Told) -> Receivers {
    let event = &told.event;
    let metadata = event.metadata.to_map();
    let key = match metadata.get("collapseKey").and_then(serde_json::Value::as_str) {
        Some(key) => format!("{}:{key}", event.group_id),
        None => event.id.to_string(),
    };
    let about =
        About::new(What::Announcement, Some(event.group_id.into()), key).through(Door::Members);
    match metadata.get("personIds").and_then(serde_json::Value::as_array) {
        Some(ids) => {
            let ids = ids.iter().filter_map(|id| id.as_str()?.parse().ok());
            (ids.map(|id| (id, about.clone())).collect(), None)
        }
        None => (Vec::new(), Some((Whom::Members(event.group_id), about))),
    }
}

/// The usernames a text names: `@ada`, but not what stands in `me@example.com`.
fn mentioned(name: &str, properties: &JsonMap) -> BTreeSet<String> {
    let texts = TEXTS.iter().filter_map(|name| properties.get(*name)?.as_str());
    let mut found = BTreeSet::new();
    for text in std::iter::once(name).chain(texts) {
        for (at, _) in text.match_indices('@') {
            let (before, after) = text.split_at(at);
            let is_inside = |last: char| is_of_name(last) || matches!(last, '.' | '-' | '+');
            if before.chars().next_back().is_some_and(is_inside) {
                continue;
            }
            let after = after.trim_start_matches('@');
            let name = after.split(|letter| !is_of_name(letter)).next().unwrap_or_default();
            if USERNAME.contains(&name.len()) && name.is_ascii() {
                found.insert(name.to_ascii_lowercase());
            }
            if found.len() >= MENTIONS {
                return found;
            }
        }
    }
    found
}

fn is_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

#[cfg(test)]
#[path = "matters_tests.rs"]
mod tests;
