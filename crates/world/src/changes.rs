//! What a merge patch makes of stored JSON, and what of an object changed, for its event.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use types::{Json, JsonMap, Result};

/// Bytes of an old or new value that an event repeats; of a larger one it names the field only.
const REPEATED: usize = 4096;

/// Reads a field of a merge patch that can be replaced and not removed: null is no value for it.
pub(crate) fn kept<'de, T, D>(field: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(field).map(Some)
}

/// The same for a struct: [`web::object`].
pub(crate) fn kept_object<'de, T, D>(field: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    web::object(field).map(Some)
}

/// RFC 7396, section 2.
pub(crate) fn merge(target: &mut JsonMap, patch: &JsonMap) {
    for (key, value) in patch {
        match value {
            Value::Null => {
                target.remove(key);
            }
            Value::Object(patch) => {
                let slot = target.entry(key.clone()).or_insert(Value::Null);
                if !slot.is_object() {
                    *slot = Value::Object(JsonMap::new());
                }
                if let Value::Object(inner) = slot {
                    merge(inner, patch);
                }
            }
            value => {
                target.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Changed fields with their old and new values, for the event.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Changes(JsonMap);

impl Changes {
    /// Notes a field, unless it stays as it was.
    pub(crate) fn note(&mut self, field: &str, from: impl Serialize, to: impl Serialize) {
        let (from, to) = (json!(from), json!(to));
        if from != to {
            self.tell(field, &from, &to);
        }
    }

    fn tell(&mut self, field: &str, from: &Value, to: &Value) {
        let large = |value: &Value| value.to_string().len() > REPEATED;
        let told = if large(from) || large(to) {
            json!({"large": true})
        } else {
            json!({"from": from, "to": to})
        };
        self.0.insert(field.to_owned(), told);
    }

    /// Notes a field that changed without repeating what it held.
    pub(crate) fn note_quietly(&mut self, field: &str) {
        self.0.insert(field.to_owned(), json!({}));
    }

    /// Merges a patch into free-form data and notes each key it changes.
    pub(crate) fn merge(&mut self, field: &str, before: &Json, patch: &JsonMap) -> Result<Json> {
        let old = before.to_map();
        let mut new = old.clone();
        merge(&mut new, patch);
        for key in patch.keys() {
            let (from, to) = (old.get(key), new.get(key));
            // A null that is stored and one that is not are told alike, and still are not the same.
            if from != to {
                let or_null = |value: Option<&Value>| value.cloned().unwrap_or_default();
                self.tell(&format!("{field}.{key}"), &or_null(from), &or_null(to));
            }
        }
        Ok(Json::of(&new)?)
    }

    /// Whether nothing changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;
