//! The event log: one `append`, in the transaction of the change it tells about.
//!
//! `seq` is the global order. Audit, timeline, search and — later — realtime, webhooks and sync
//! read it with a cursor ([`follow`]) that never misses a late commit.

mod follow;
mod retention;

use database::{Tx, Value};
use types::{AnyId, EventId, GroupId, Json, PersonId, Result, ThingId, Time};

pub use self::follow::{Followed, advance, follow, follow_changing, follow_then, place};
pub use self::retention::{Retention, RetentionSettings};
use crate::Caller;

/// An event to be recorded.
#[derive(Debug, Clone)]
pub struct NewEvent<'a> {
    /// Whose log it belongs to.
    pub group: GroupId,
    /// A name from the ontology or a registered one.
    pub kind: &'a str,
    /// What it is about.
    pub target: Option<AnyId>,
    /// Ids, types and changed fields; never secrets, tokens or sealed content.
    pub metadata: &'a Json,
    /// Of the object it is about: who may see the event.
    pub visibility: &'a str,
    /// Of the object it is about.
    pub owner: Option<PersonId>,
    /// What a connection joins, what knowledge was made from or is joined to: should one of them
    /// turn private later, so does the event.
    pub things: [Option<ThingId>; 2],
    /// When it happened, if not now.
    pub occurred_at: Option<Time>,
    /// Who did it, if it is not the caller (a sign-up makes its own actor).
    pub actor: Option<PersonId>,
}

impl<'a> NewEvent<'a> {
    /// An event that everybody in the group may see.
    #[must_use]
    pub const fn new(
        group: GroupId,
        kind: &'a str,
        target: Option<AnyId>,
        metadata: &'a Json,
    ) -> Self {
        Self {
            group,
            kind,
            target,
            metadata,
            visibility: "group",
            owner: None,
            things: [None; 2],
            occurred_at: None,
            actor: None,
        }
    }

    /// Bounds who may see it to who may see its object.
    #[must_use]
    pub const fn about(mut self, visibility: &'a str, owner: Option<PersonId>) -> Self {
        self.visibility = visibility;
        self.owner = owner;
        self
    }

    /// Bounds who may see it to who may see these things, also later.
    #[must_use]
    pub const fn of_things(mut self, things: [Option<ThingId>; 2]) -> Self {
        self.things = things;
        self
    }

    /// Says who did it.
    #[must_use]
    pub const fn by(mut self, actor: Option<PersonId>) -> Self {
        self.actor = actor;
        self
    }
}

macro_rules! append {
    () => {
        "insert into events (id, group_id, type, actor_id, target_id, target_kind, occurred_at, \
         metadata, request_id, visibility, owner_id, impersonator_id, thing_id, other_thing_id) \
         values "
    };
}
const APPEND: &str = append!();
const APPEND_ONE: &str =
    concat!(append!(), "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)");

/// Appends an event, with who acts as the caller, if anybody does. [`crate::Work::record`] is the door
/// to it.
pub(crate) async fn append(
    tx: &mut Tx,
    id: EventId,
    caller: &Caller,
    now: Time,
    event: &NewEvent<'_>,
) -> Result<()> {
    tx.insert_numbered(APPEND_ONE, "seq", &row(id, caller, now, event)).await
}

/// Appends events in this order; [`crate::Work::record_all`] is the door to it.
pub(crate) async fn append_all(
    tx: &mut Tx,
    ids: &[EventId],
    caller: &Caller,
    now: Time,
    events: &[NewEvent<'_>],
) -> Result<()> {
    let rows: Vec<Value<'_>> =
        ids.iter().zip(events).flat_map(|(id, event)| row(*id, caller, now, event)).collect();
    tx.insert_each(APPEND, "", WIDTH, &rows).await?;
    Ok(())
}

/// Columns of an event.
const WIDTH: usize = 14;

fn row<'a>(
    id: EventId,
    caller: &'a Caller,
    now: Time,
    event: &'a NewEvent<'a>,
) -> [Value<'a>; WIDTH] {
    let [thing, other] = event.things;
    [
        id.into(),
        event.group.into(),
        event.kind.into(),
        event.actor.or(caller.person()).into(),
        event.target.into(),
        event.target.map(|target| target.kind.prefix()).into(),
        event.occurred_at.unwrap_or(now).into(),
        event.metadata.into(),
        caller.request_id().into(),
        event.visibility.into(),
        event.owner.into(),
        caller.identity().impersonator.into(),
        thing.into(),
        other.into(),
    ]
}

/// What a follower of the log is given: enough to decide whether to look at the object.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its id.
    pub id: EventId,
    /// Whose log it belongs to.
    pub group: GroupId,
    /// Its type.
    pub kind: String,
    /// What it is about.
    pub target: Option<AnyId>,
}
