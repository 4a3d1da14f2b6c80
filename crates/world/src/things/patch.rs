//! What a merge patch makes of a thing, and what of it changed.

use serde_json::{Value, json};
use types::{Json, JsonMap, Result, Time};

use super::model::{Status, Thing, ThingChange};

/// RFC 7396, section 2.
pub(super) fn merge(target: &mut JsonMap, patch: JsonMap) {
    for (key, value) in patch {
        match value {
            Value::Null => {
                target.remove(&key);
            }
            Value::Object(patch) => {
                let slot = target.entry(key).or_insert_with(|| Value::Object(JsonMap::new()));
                if !slot.is_object() {
                    *slot = Value::Object(JsonMap::new());
                }
                if let Value::Object(inner) = slot {
                    merge(inner, patch);
                }
            }
            value => {
                target.insert(key, value);
            }
        }
    }
}

/// Changed fields with their old and new values, for the event.
#[derive(Debug, Default)]
pub(super) struct Changes(JsonMap);

impl Changes {
    fn note(&mut self, field: &str, from: Value, to: Value) {
        if from != to {
            self.0.insert(field.to_owned(), json!({ "from": from, "to": to }));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_metadata(self, thing: &Thing) -> Result<Json> {
        Ok(Json::of(&json!({ "type": thing.kind, "changes": self.0 }))?)
    }
}

/// The thing after `change`, one version on, and what of it changed.
pub(super) fn apply(
    before: &Thing,
    change: &ThingChange,
    now: Time,
) -> Result<(Thing, Option<JsonMap>, Changes)> {
    let mut after = before.clone();
    let mut changes = Changes::default();
    if let Some(parent) = change.parent_id.sent() {
        after.parent_id = parent;
        changes.note("parentId", json!(before.parent_id), json!(parent));
    }
    if let Some(name) = &change.name {
        after.name.clone_from(name);
        changes.note("name", json!(before.name), json!(name));
    }
    if let Some(status) = change.status {
        after.status = status;
        after.deleted_at = (status == Status::Archived).then(|| before.deleted_at.unwrap_or(now));
        changes.note("status", json!(before.status), json!(status));
    }
    if let Some(visibility) = change.visibility {
        after.visibility = visibility;
        changes.note("visibility", json!(before.visibility), json!(visibility));
    }
    let mut properties = None;
    if let Some(patch) = &change.properties {
        let old = before.properties.to_map();
        let mut new = old.clone();
        merge(&mut new, patch.clone());
        for key in patch.keys() {
            let of = |map: &JsonMap| map.get(key).cloned().unwrap_or(Value::Null);
            changes.note(&format!("properties.{key}"), of(&old), of(&new));
        }
        after.properties = Json::of(&new)?;
        properties = Some(new);
    }
    after.version += 1;
    after.updated_at = now;
    Ok((after, properties, changes))
}

#[cfg(test)]
#[path = "patch_tests.rs"]
mod tests;
