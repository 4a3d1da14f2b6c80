//! Whose rights an event may have changed. They are looked at again, one by one, before anybody is
//! told of it: what is looked at here without need delays all that is told. And which things fewer
//! may see since: that is asked of each event, but not of what is said in passing.

use std::collections::HashSet;

use serde_json::Value;
use types::{AnyId, ApiKeyId, GroupId, Kind, PersonId, ThingId};
use world::events::model::Event;
use world::events::rules::is_reserved;

/// Fields of a thing that say who may see it; nothing else of it does.
const SEEN_BY: [&str; 2] = ["visibility", "ownerId"];

/// Whose rights an event may have changed.
#[derive(Debug, PartialEq, Eq)]
enum Moved {
    Nobodys,
    Persons(PersonId),
    Keys(ApiKeyId),
    /// Of the members of a group, and nobody's below.
    Members(GroupId),
    /// Of everybody in a group and below.
    Groups(GroupId),
    /// The same of a group that is gone with what was below it, which nothing says any more.
    Vanished(GroupId),
    /// Not said: of who did it, and of everybody in the event's group and below.
    Somebodys,
    /// Of anybody, wherever they are.
    Everybodys,
}

/// Whose rights some events may have changed.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    pub(crate) people: HashSet<PersonId>,
    pub(crate) keys: HashSet<ApiKeyId>,
    /// Their members.
    pub(crate) members: HashSet<GroupId>,
    /// Everybody there and below.
    pub(crate) groups: HashSet<GroupId>,
    /// And wherever else there is no group any more: what was below some of them went with them.
    pub(crate) vanished: bool,
    pub(crate) everybody: bool,
}

/// Whose rights these events may have changed; none, when nobody's.
pub(crate) fn touched<'a>(events: impl Iterator<Item = &'a Event>) -> Option<Touched> {
    let mut all = Touched::default();
    let mut some = false;
    for event in events {
        let moved = moved(event);
        some |= moved != Moved::Nobodys;
        match moved {
            Moved::Nobodys => {}
            Moved::Persons(person) => all.people.extend([person]),
            Moved::Keys(key) => all.keys.extend([key]),
            Moved::Members(group) => all.members.extend([group]),
            Moved::Groups(group) => all.groups.extend([group]),
            Moved::Vanished(group) => {
                all.groups.extend([group]);
                all.vanished = true;
            }
            Moved::Somebodys => {
                all.people.extend(event.actor_id);
                all.groups.extend([event.group_id]);
            }
            Moved::Everybodys => all.everybody = true,
        }
    }
    some.then_some(all)
}

/// Things that fewer may see since these events, or that are gone.
pub(crate) fn narrowed<'a>(events: impl Iterator<Item = &'a Event>) -> HashSet<ThingId> {
    events.filter_map(narrowed_thing).collect()
}

fn narrowed_thing(event: &Event) -> Option<ThingId> {
    let thing = event.target_id.filter(|id| id.kind == Kind::Thing)?;
    let is_life = event.kind.starts_with("thing_") && is_reserved(&event.kind);
    let narrows = is_life && (event.kind == "thing_deleted" || is_for_fewer(event));
    narrows.then_some(ThingId(thing.uuid))
}

/// Whether it was changed who may see a thing, and not only for more. Of most events this is known
/// without taking them apart.
fn is_for_fewer(event: &Event) -> bool {
    if !SEEN_BY.iter().any(|field| event.metadata.as_str().contains(field)) {
        return false;
    }
    let metadata = event.metadata.to_map();
    let change = |field: &str| metadata.get("changes").and_then(|changes| changes.get(field));
    SEEN_BY.into_iter().filter_map(change).any(|change| {
        let is = |side: &str, value: &str| change.get(side).and_then(Value::as_str) == Some(value);
        !is("from", "private") && !is("to", "public")
    })
}

/// By what it is about, and then by its type: one that is not known to change nothing may have.
fn moved(event: &Event) -> Moved {
    let moved = by_target(event.target_id);
    // What clients may say is nothing the policy goes by.
    if moved == Moved::Nobodys || !is_reserved(&event.kind) || is_harmless(event) {
        return Moved::Nobodys;
    }
    match moved {
        // Those who hold it are members, and never own what is below.
        Moved::Groups(group) if event.kind.starts_with("role_") => Moved::Members(group),
        // Nobody was there before; whoever made it owns it.
        Moved::Groups(_) if event.kind == "group_created" => {
            event.actor_id.map_or(Moved::Nobodys, Moved::Persons)
        }
        Moved::Groups(group) if event.kind == "group_deleted" && !was_alone(event) => {
            Moved::Vanished(group)
        }
        // Any of them may have come with a token that it signed.
        Moved::Groups(_) if event.kind == "signing_key_retired" => Moved::Everybodys,
        other => other,
    }
}

/// Each kind is decided on, so that a new one has to be.
const fn by_target(target: Option<AnyId>) -> Moved {
    // Somebody's own event, what a receiver took in, a list that was brought in.
    let Some(AnyId { kind, uuid }) = target else { return Moved::Nobodys };
    match kind {
        Kind::Person => Moved::Persons(PersonId(uuid)),
        Kind::ApiKey => Moved::Keys(ApiKeyId(uuid)),
        Kind::Group => Moved::Groups(GroupId(uuid)),
        // Who may see a thing, and what hangs on it, is asked of each event, and who listens to it
        // alone is looked at beside that; the rest is what the house does. Who is invited, or asks
        // to be let in, is told of as a person once they are in.
        Kind::Thing
        | Kind::Connection
        | Kind::Knowledge
        | Kind::Event
        | Kind::Job
        | Kind::Import
        | Kind::Webhook
        | Kind::Delivery
        | Kind::Receiver
        | Kind::Invitation
        | Kind::JoinRequest => Moved::Nobodys,
        // Rare, if they are told of at all: most of it is told of as a person.
        Kind::User | Kind::Session | Kind::Member | Kind::Passkey | Kind::Account => {
            Moved::Somebodys
        }
    }
}

/// Whether an event of the house's own is known to leave everybody's rights as they were.
fn is_harmless(event: &Event) -> bool {
    match event.kind.as_str() {
        // Of a group: what it holds and uses, and what was told there.
        "events_archived" | "events_deleted" | "group_exported" | "notification_sent"
        | "quota_exceeded" | "quota_warning" | "type_deleted" | "type_registered"
        | "type_updated" => true,
        // Of a person: what is known of them, what they took along, what anybody may ask for or try
        // in their name.
        "account_exported"
        | "email_verification_sent"
        | "join_request_canceled"
        | "join_request_rejected"
        | "join_requested"
        | "password_proof_failed"
        | "password_reset_requested"
        | "profile_updated"
        | "sign_in_failed"
        | "sign_up_repeated"
        | "user_exported_by_owner" => true,
        // Unless it was one session too many: then others have ended.
        "user_login" => !event.metadata.to_map().contains_key("pushedOut"),
        "group_updated" => is_as_open_as_before(event),
        _ => false,
    }
}

/// Whether a group that was deleted had none below it.
fn was_alone(event: &Event) -> bool {
    event.metadata.to_map().get("groups").and_then(Value::as_i64) == Some(1)
}

/// Whether only such of a group was changed as the policy does not ask for; where it stands in the
/// tree, who sees it and whether it is there it does.
fn is_as_open_as_before(event: &Event) -> bool {
    changed_only(event, |field| {
        matches!(
            field,
            "name" | "description" | "settings.joinPolicy" | "settings.plan" | "settings.limits"
        ) || field.starts_with("metadata.")
    })
}

/// Whether an event says what it changed, and all of that `is_aside`.
fn changed_only(event: &Event, is_aside: impl Fn(&str) -> bool) -> bool {
    let metadata = event.metadata.to_map();
    let Some(changes) = metadata.get("changes").and_then(Value::as_object) else { return false };
    !changes.is_empty() && changes.keys().all(|field| is_aside(field))
}

#[cfg(test)]
#[path = "moved_tests.rs"]
mod tests;
