//! What can be listened to: slices of the event log, each bounded by the policy.

use std::fmt;

use database::Tx;
use kernel::Caller;
use kernel::access::{self, Right, Sight};
use types::{AnyId, Error, GroupId, Kind, PersonId, Result, ThingId};
use world::events::Part;
use world::things;

/// A slice of the event log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    /// Everything in one group.
    Group(GroupId),
    /// Everything about one thing.
    Thing(ThingId),
    /// A conversation and what is said in it.
    Room(ThingId),
    /// What concerns one person: everything in their personal group.
    Person(PersonId),
}

/// The only type of thing that is a room.
const ROOM: &str = "conversation";

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(id) => write!(f, "group:{id}"),
            Self::Thing(id) => write!(f, "thing:{id}"),
            Self::Room(id) => write!(f, "room:{id}"),
            Self::Person(id) => write!(f, "person:{id}"),
        }
    }
}

impl Topic {
    /// Reads `group:…`, `thing:…`, `room:…`, `person:…`; `person:me` is whoever asks.
    ///
    /// # Errors
    /// 422.
    pub(crate) fn parse(text: &str, me: Option<PersonId>) -> Result<Self> {
        let wrong = || {
            Error::invalid(
                "topic",
                "unknown_topic",
                "must be `group:`, `thing:`, `room:` or `person:` with an id of that kind.",
            )
        };
        let (kind, id) = text.split_once(':').ok_or_else(wrong)?;
        match (kind, me) {
            ("group", _) => id.parse().map(Self::Group).map_err(|_| wrong()),
            ("thing", _) => id.parse().map(Self::Thing).map_err(|_| wrong()),
            ("room", _) => id.parse().map(Self::Room).map_err(|_| wrong()),
            ("person", Some(me)) if matches!(id, "me" | "self") => Ok(Self::Person(me)),
            ("person", _) => id.parse().map(Self::Person).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }

    /// Where it is on the board: what concerns a person is what happens in their own group.
    pub(crate) fn key(self, group: GroupId) -> Self {
        match self {
            Self::Person(_) => Self::Group(group),
            other => other,
        }
    }

    /// The part of the log that holds all of it, and maybe more.
    pub(crate) fn part(self, group: GroupId) -> Part {
        match self {
            Self::Group(_) | Self::Room(_) | Self::Person(_) => Part::Group(group),
            Self::Thing(id) => Part::About(id.into()),
        }
    }
}

/// What a listener is shown of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct View {
    /// The group the topic's events are in.
    pub(crate) group: GroupId,
    /// What the listener sees there.
    pub(crate) sight: Sight,
}

/// What a caller is shown of a topic.
///
/// # Errors
/// 401, 403 and 404 as everywhere; 422 for a room that is no conversation.
pub(crate) async fn view(tx: &mut Tx, caller: &Caller, topic: Topic) -> Result<View> {
    match topic {
        Topic::Group(group) => {
            let place = access::standing(tx, caller, group).await?;
            Ok(View { group, sight: Sight::of(place.rights, Right::EventsRead) })
        }
        Topic::Thing(id) | Topic::Room(id) => {
            let (thing, place) = things::rules::visible(tx, caller, id).await?;
            let right = match topic {
                Topic::Room(_) if thing.kind != ROOM => return Err(no_room()),
                // What is said in a room is things.
                Topic::Room(_) => Right::ThingsRead,
                _ => Right::EventsRead,
            };
            Ok(View { group: thing.group_id, sight: Sight::of(place.rights, right) })
        }
        Topic::Person(person) => {
            access::require_known(caller)?;
            let home = caller.personal_group().filter(|_| caller.person() == Some(person));
            let group = home.ok_or_else(Error::not_found)?;
            let place = access::standing(tx, caller, group).await?;
            Ok(View { group, sight: Sight::of(place.rights, Right::EventsRead) })
        }
    }
}

fn no_room() -> Error {
    Error::invalid("/room", "not_a_room", "must be a thing of the type `conversation`.")
}

/// Where on the board an event belongs; `parent` is what its thing belongs to.
pub(crate) fn topics_of(
    group: GroupId,
    target: Option<AnyId>,
    parent: Option<ThingId>,
) -> impl Iterator<Item = Topic> {
    let thing = target.filter(|id| id.kind == Kind::Thing).map(|id| ThingId(id.uuid));
    let about = [thing.map(Topic::Thing), thing.map(Topic::Room), parent.map(Topic::Room)];
    std::iter::once(Topic::Group(group)).chain(about.into_iter().flatten())
}
