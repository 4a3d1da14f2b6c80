//! What of an event is hashed: one line of canonical JSON (RFC 8785), version 1.
//!
//! It holds every column of the event but the place of its transaction, which a restored database
//! has another one of. What `metadata` holds is there as text, letter for letter as the store
//! gives it, so that no reader of JSON has a say in what counts as changed. `blind` is random and
//! goes with the event: an id is known to whoever was ever told of the event, and what else stands
//! there could be guessed and compared with the hash that stays.

use database::Row;
use serde::{Deserialize, Serialize};
use types::Result;
use uuid::Uuid;

use super::note::hex;
use super::tree::{self, Hash};

/// What retention records of what it deleted.
pub(crate) const DELETED: &str = "events_deleted";

/// The columns of an event over the alias `o`, as [`Event::of`] reads them.
macro_rules! columns {
    () => {
        "o.seq, o.id, o.group_id, o.type, o.actor_id, o.impersonator_id, o.target_id, \
         o.target_kind, o.occurred_at, cast(o.metadata as text), o.request_id, o.visibility, \
         o.owner_id, o.thing_id, o.other_thing_id"
    };
}
pub(crate) use columns;

/// How many they are.
pub(crate) const WIDTH: usize = 15;

/// An event, in the order of its canonical form: members by name, as RFC 8785 sorts them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Event {
    actor_id: Option<Uuid>,
    /// As hexadecimal digits.
    blind: String,
    pub(crate) group_id: Uuid,
    id: Uuid,
    impersonator_id: Option<Uuid>,
    metadata: String,
    /// In microseconds.
    occurred_at: i64,
    other_thing_id: Option<Uuid>,
    owner_id: Option<Uuid>,
    request_id: Option<String>,
    pub(crate) seq: i64,
    target_id: Option<Uuid>,
    target_kind: Option<String>,
    thing_id: Option<Uuid>,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    v: u8,
    visibility: String,
}

impl Event {
    /// Reads a row.
    ///
    /// # Errors
    /// Internal, when a column holds what no event has there.
    pub(crate) fn of(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            id: row.get(1)?,
            group_id: row.get(2)?,
            kind: row.get(3)?,
            actor_id: row.get(4)?,
            impersonator_id: row.get(5)?,
            target_id: row.get(6)?,
            target_kind: row.get(7)?,
            occurred_at: row.get(8)?,
            metadata: row.get(9)?,
            request_id: row.get(10)?,
            visibility: row.get(11)?,
            owner_id: row.get(12)?,
            thing_id: row.get(13)?,
            other_thing_id: row.get(14)?,
            blind: String::new(),
            v: 1,
        })
    }

    /// The same, blinded.
    pub(crate) fn blinded(self, blind: &[u8]) -> Self {
        Self { blind: hex(blind), ..self }
    }

    /// Its canonical form.
    ///
    /// # Errors
    /// Never, in truth: there is nothing in it that JSON has no words for.
    pub(crate) fn text(&self) -> Result<String> {
        Ok(serde_json::to_string(self)?)
    }

    /// The hash of its leaf.
    ///
    /// # Errors
    /// As [`Event::text`].
    pub(crate) fn leaf(&self) -> Result<Hash> {
        Ok(tree::leaf(self.text()?.as_bytes()))
    }

    /// How many events were deleted from the log of its group until then, where it tells that.
    pub(crate) fn deleted(&self) -> Option<u64> {
        #[derive(Deserialize)]
        struct Told {
            total: Option<u64>,
        }
        if self.kind != DELETED {
            return None;
        }
        serde_json::from_str::<Told>(&self.metadata).ok()?.total
    }
}

#[cfg(test)]
#[path = "entry_tests.rs"]
mod tests;
