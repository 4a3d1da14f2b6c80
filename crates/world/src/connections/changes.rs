//! What making a connection again changes of it.

use serde_json::{Value, json};
use types::{Json, JsonMap, Result, Time};

use super::model::{Connection, NewConnection};

/// The connection after `new`, and what of it changed with old and new values.
pub(super) fn apply(
    before: &Connection,
    new: &NewConnection,
    now: Time,
) -> Result<(Connection, JsonMap)> {
    let mut after = before.clone();
    let mut changes = JsonMap::new();
    let mut note = |field: String, from: Value, to: Value| {
        if from != to {
            changes.insert(field, json!({ "from": from, "to": to }));
        }
    };
    if let Some(metadata) = &new.metadata {
        let old = before.metadata.to_map();
        for key in old.keys().chain(metadata.keys()) {
            let of = |map: &JsonMap| map.get(key).cloned().unwrap_or(Value::Null);
            note(format!("metadata.{key}"), of(&old), of(metadata));
        }
        after.metadata = Json::of(metadata)?;
    }
    if new.strength.is_some() {
        after.strength = new.strength;
        note("strength".to_owned(), json!(before.strength), json!(after.strength));
    }
    if new.valid_from.is_some() {
        after.valid_from = new.valid_from;
        note("validFrom".to_owned(), json!(before.valid_from), json!(after.valid_from));
    }
    if new.valid_to.is_some() {
        after.valid_to = new.valid_to;
        note("validTo".to_owned(), json!(before.valid_to), json!(after.valid_to));
    }
    after.updated_at = now;
    Ok((after, changes))
}

#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;
