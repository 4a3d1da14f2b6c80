//! What making a connection again changes of it.

use types::{Json, JsonMap, Result, Time};

use super::model::{Connection, NewConnection};
use crate::changes::Changes;

/// The connection after `new`, and what of it changed.
pub(super) fn apply(
    before: &Connection,
    new: &NewConnection,
    now: Time,
) -> Result<(Connection, Changes)> {
    let mut after = before.clone();
    let mut changes = Changes::default();
    if let Some(metadata) = &new.metadata {
        let old = before.metadata.to_map();
        for key in old.keys().chain(metadata.keys()) {
            let of = |map: &JsonMap| map.get(key).cloned();
            changes.note(&format!("metadata.{key}"), of(&old), of(metadata));
        }
        after.metadata = Json::of(metadata)?;
    }
    if new.strength.is_some() {
        after.strength = new.strength;
        changes.note("strength", before.strength, after.strength);
    }
    if new.valid_from.is_some() {
        after.valid_from = new.valid_from;
        changes.note("validFrom", before.valid_from, after.valid_from);
    }
    if new.valid_to.is_some() {
        after.valid_to = new.valid_to;
        changes.note("validTo", before.valid_to, after.valid_to);
    }
    after.updated_at = now;
    Ok((after, changes))
}

#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;
