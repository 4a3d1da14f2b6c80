//! What of an event is hashed: one line of canonical JSON (RFC 8785), version 1.
//!
//! It holds every column of the event but the place of its transaction, which a restored database
//! has another one of. What `metadata` holds is there as text, letter for letter as the store
//! gives it, so that no reader of JSON has a say in what counts as changed. `blind` is random and
//! goes with the event: an id is known to whoever was ever told of the event, and what else stands
//! there could be guessed and compared with the hash that stays.

use database::Row;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use types::Result;
use uuid::Uuid;

use super::note::{Hash, hex};

/// The columns of an event over the alias `o`, as [`Event::of`] reads them.
#[macro_export]
macro_rules! event_columns {
    () => {
        "o.seq, o.id, o.group_id, o.type, o.actor_id, o.impersonator_id, o.target_id, \
         o.target_kind, o.occurred_at, cast(o.metadata as text), o.request_id, o.visibility, \
         o.owner_id, o.thing_id, o.other_thing_id"
    };
}
/// How many they are.
pub const WIDTH: usize = 15;

/// An event, in the order of its canonical form: members by name, as RFC 8785 sorts them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Event {
    actor_id: Option<Uuid>,
    /// As hexadecimal digits.
    blind: String,
    group_id: Uuid,
    id: Uuid,
    impersonator_id: Option<Uuid>,
    metadata: String,
    /// In microseconds.
    occurred_at: i64,
    other_thing_id: Option<Uuid>,
    owner_id: Option<Uuid>,
    request_id: Option<String>,
    /// Its place in the log.
    pub seq: i64,
    target_id: Option<Uuid>,
    target_kind: Option<String>,
    thing_id: Option<Uuid>,
    #[serde(rename = "type")]
    kind: String,
    v: u8,
    visibility: String,
}

impl Event {
    /// Reads a row.
    ///
    /// # Errors
    /// Internal, when a column holds what no event has there.
    pub fn of(row: &Row<'_>) -> Result<Self> {
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
    pub fn blinded(self, blind: &[u8]) -> Self {
        Self { blind: hex(blind), ..self }
    }

    /// Its canonical form.
    ///
    /// # Errors
    /// Never, in truth: there is nothing in it that JSON has no words for.
    pub fn text(&self) -> Result<String> {
        Ok(serde_json::to_string(self)?)
    }

    /// The hash of its leaf.
    ///
    /// # Errors
    /// As [`Event::text`].
    pub fn leaf(&self) -> Result<Hash> {
        Ok(leaf(self.text()?.as_bytes()))
    }
}

/// The hash of a leaf (RFC 6962, section 2.1).
#[must_use]
pub fn leaf(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

#[cfg(test)]
#[path = "entry_tests.rs"]
mod tests;
