//! A batch of the log as listeners are told of it, and the frames that tell it.

use std::collections::HashMap;
use std::sync::OnceLock;

use database::seams::tail::Position;
use database::{Sql, Tx};
use kernel::access::Sight;
use serde::Serialize;
use types::{AnyId, Error, EventId, GroupId, Json, JsonMap, Kind, PersonId, Result, ThingId, Time};
use uuid::Uuid;
use web::CursorKey;
use world::events::{Part, Told, told};

use crate::engine::Frame;
use crate::packet;
use crate::topic::Topic;

/// An event with what is needed to tell of it.
pub(crate) struct Heard {
    pub(crate) told: Told,
    /// What the thing it is about belongs to.
    pub(crate) parent: Option<ThingId>,
    /// What was said, when the event is a new message.
    message: Option<Said>,
    /// Read when the first filter wants to know, once for all of them.
    metadata: OnceLock<JsonMap>,
}

struct Said {
    person: Option<PersonId>,
    content: Option<String>,
    at: Time,
    /// Who may see it by now.
    visibility: String,
}

/// Reads on in a part of the log.
///
/// # Errors
/// As the store.
pub(crate) async fn read(
    tx: &mut Tx,
    part: Part,
    from: Position,
    limit: i64,
    with_parents: bool,
) -> Result<Vec<Heard>> {
    let events = told(tx, part, from, limit).await?;
    let mut things = if with_parents { things_of(tx, &events).await? } else { HashMap::new() };
    Ok(events
        .into_iter()
        .map(|told| {
            let is_new = told.event.kind == "thing_created";
            let thing = told.event.target_id.filter(|id| id.kind == Kind::Thing);
            let found = thing.and_then(|id| things.get_mut(&id.uuid));
            let parent = found.as_ref().and_then(|thing| thing.parent);
            let message = found.filter(|_| is_new).and_then(|thing| thing.said.take());
            Heard { told, parent, message, metadata: OnceLock::new() }
        })
        .collect())
}

struct Thing {
    parent: Option<ThingId>,
    said: Option<Said>,
}

/// The things a batch is about that belong to another one: looked up across groups, and only told
/// to who may see their events.
async fn things_of(tx: &mut Tx, events: &[Told]) -> Result<HashMap<Uuid, Thing>> {
    let targets = events.iter().filter_map(|told| told.event.target_id);
    let mut ids: Vec<Uuid> =
        targets.filter(|id| id.kind == Kind::Thing).map(|id| id.uuid).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut sql = Sql::new(
        "select id, parent_id, type, owner_id, created_at, \
         cast(properties ->> 'content' as text), visibility \
         from things where parent_id is not null and id in ",
    );
    sql.bind_list(ids);
    let rows = tx
        .all(sql.text(), sql.args(), |row| {
            let said = row.text(2)? == "message";
            let said = if said {
                let (person, at, content) = (row.get(3)?, row.get(4)?, row.get(5)?);
                Some(Said { person, content, at, visibility: row.get(6)? })
            } else {
                None
            };
            Ok((row.get(0)?, Thing { parent: row.get(1)?, said }))
        })
        .await?;
    Ok(rows.into_iter().collect())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventBody<'a> {
    topic: String,
    seq: i64,
    cursor: &'a str,
    id: EventId,
    #[serde(rename = "type")]
    kind: &'a str,
    group_id: GroupId,
    actor_id: Option<PersonId>,
    target_id: Option<AnyId>,
    timestamp: Time,
    metadata: &'a Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<MessageBody<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageBody<'a> {
    room: Option<ThingId>,
    seq: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a str>,
    message_id: Option<AnyId>,
    person_id: Option<PersonId>,
    body: Option<&'a str>,
    timestamp: Time,
}

impl Heard {
    /// Of its event.
    pub(crate) fn metadata(&self) -> &JsonMap {
        self.metadata.get_or_init(|| self.told.event.metadata.to_map())
    }

    /// Whether what was said may still be seen by somebody with this sight in its group: it is told
    /// as it is by now, which may be for fewer than when it was new.
    pub(crate) fn is_still_seen(&self, sight: Sight, me: Option<PersonId>) -> bool {
        self.message.as_ref().is_none_or(|said| sight.sees(&said.visibility, said.person, me))
    }

    /// What is told in `topic`, as event `event`.
    pub(crate) fn event(&self, topic: Topic, cursors: &CursorKey) -> Frame {
        let cursor = seal(cursors, topic, self.told.position);
        let body = self.event_body(topic, &cursor);
        packet::event("event", &body).into()
    }

    /// The same as the data of a server-sent event.
    pub(crate) fn json(&self, topic: Topic, cursors: &CursorKey) -> (String, String) {
        let cursor = seal(cursors, topic, self.told.position);
        let body = serde_json::to_string(&self.event_body(topic, &cursor));
        (cursor, body.unwrap_or_default())
    }

    fn event_body<'a>(&'a self, topic: Topic, cursor: &'a str) -> EventBody<'a> {
        let event = &self.told.event;
        EventBody {
            topic: topic.to_string(),
            seq: event.seq,
            cursor,
            id: event.id,
            kind: &event.kind,
            group_id: event.group_id,
            actor_id: event.actor_id,
            target_id: event.target_id,
            timestamp: event.timestamp,
            metadata: &event.metadata,
            // What was said is a thing's: who listens to anything but a room may read events only.
            data: if matches!(topic, Topic::Room(_)) { self.message_body(None) } else { None },
        }
    }

    /// What is told to those in a room, as event `message`; nothing, when nothing was said.
    pub(crate) fn message(&self, cursors: &CursorKey) -> Option<Frame> {
        let cursor = seal(cursors, Topic::Room(self.parent?), self.told.position);
        let body = self.message_body(Some(&cursor))?;
        Some(packet::event("message", &body).into())
    }

    fn message_body<'a>(&'a self, cursor: Option<&'a str>) -> Option<MessageBody<'a>> {
        let said = self.message.as_ref()?;
        Some(MessageBody {
            room: self.parent,
            seq: self.told.event.seq,
            cursor,
            message_id: self.told.event.target_id,
            person_id: said.person,
            body: said.content.as_deref(),
            timestamp: said.at,
        })
    }
}

/// A place in a topic, which only fits that topic.
pub(crate) fn seal(cursors: &CursorKey, topic: Topic, at: Position) -> String {
    let mut place = [0; 16];
    let (xid, seq) = place.split_at_mut(8);
    xid.copy_from_slice(&at.xid.to_be_bytes());
    seq.copy_from_slice(&at.seq.to_be_bytes());
    cursors.seal(&scope(topic), &place)
}

/// Opens what [`seal`] sealed.
///
/// # Errors
/// 422 `invalid_cursor`.
pub(crate) fn open(cursors: &CursorKey, topic: Topic, cursor: &str) -> Result<Position> {
    let place = cursors.open(&scope(topic), cursor).map_err(|_| {
        Error::invalid(
            "since",
            "invalid_cursor",
            "is no cursor of this topic; leave it out to begin now.",
        )
    })?;
    let number = |half: Option<&[u8]>| {
        half.and_then(|bytes| bytes.try_into().ok()).map_or(0, i64::from_be_bytes)
    };
    Ok(Position { xid: number(place.get(..8)), seq: number(place.get(8..)) })
}

fn scope(topic: Topic) -> String {
    format!("live {topic}")
}
