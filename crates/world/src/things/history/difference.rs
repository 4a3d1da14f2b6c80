//! What a change did to a thing, field by field.

use serde_json::{Value, json};
use types::{Json, JsonMap};

use crate::changes::Changes;
use crate::things::model::Thing;

/// Before the name of a property.
const PROPERTY: &str = "properties.";
/// Follows from `status`: the history keeps it, an event need not say it.
const IMPLIED: &str = "deletedAt";

/// Fields with what they were and became; without values where those are not to be read.
#[derive(Debug, Default)]
pub(crate) struct Difference(Vec<(String, Option<(Value, Value)>)>);

impl Difference {
    /// What is not the same of two versions of a thing.
    pub(crate) fn between(before: &Thing, after: &Thing) -> Self {
        let mut found = Self::default();
        found.note("parentId", json!(before.parent_id), json!(after.parent_id));
        found.note("name", json!(before.name), json!(after.name));
        found.note("status", json!(before.status), json!(after.status));
        found.note("visibility", json!(before.visibility), json!(after.visibility));
        found.note("ownerId", json!(before.owner_id), json!(after.owner_id));
        found.note(IMPLIED, json!(before.deleted_at), json!(after.deleted_at));
        if before.properties != after.properties {
            let (old, new) = (before.properties.to_map(), after.properties.to_map());
            for name in names(&old, &new) {
                let (from, to) = (old.get(name), new.get(name));
                // A null that is stored and one that is not are told alike, and still are not the
                // same.
                if from != to {
                    let told = |value: Option<&Value>| value.cloned().unwrap_or_default();
                    found.0.push((format!("{PROPERTY}{name}"), Some((told(from), told(to)))));
                }
            }
        }
        found
    }

    fn note(&mut self, field: &str, from: Value, to: Value) {
        if from != to {
            self.0.push((field.to_owned(), Some((from, to))));
        }
    }

    /// Names the hidden properties that are not the same, and forgets what is known of them.
    pub(crate) fn hide(&mut self, before: Option<&Json>, after: Option<&Json>) {
        let map = |json: Option<&Json>| json.map(Json::to_map).unwrap_or_default();
        let (old, new) = (map(before), map(after));
        for name in names(&old, &new).filter(|name| old.get(*name) != new.get(*name)) {
            let field = format!("{PROPERTY}{name}");
            self.0.retain(|(known, _)| *known != field);
            self.0.push((field, None));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// For the event.
    pub(crate) fn told(&self) -> Changes {
        let mut changes = Changes::default();
        for (field, values) in self.0.iter().filter(|(field, _)| field != IMPLIED) {
            match values {
                Some((from, to)) if from != to => changes.note(field, from, to),
                _ => changes.note_quietly(field),
            }
        }
        changes
    }

    /// For the history: all of it, however large.
    pub(crate) fn kept(&self) -> JsonMap {
        let kept = self.0.iter().map(|(field, values)| {
            let values = values.as_ref();
            let told =
                values.map_or_else(|| json!({}), |(from, to)| json!({"from": from, "to": to}));
            (field.clone(), told)
        });
        kept.collect()
    }
}

/// Every name in one of them, once.
fn names<'a>(old: &'a JsonMap, new: &'a JsonMap) -> impl Iterator<Item = &'a String> {
    old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)))
}

/// Takes a change back. A field that is not known is left alone, and so is one without values.
pub(super) fn undo(thing: &mut Thing, properties: &mut JsonMap, changes: &JsonMap) {
    for (field, change) in changes {
        let Some(from) = change.get("from").cloned() else { continue };
        match field.as_str() {
            "parentId" => put(&mut thing.parent_id, from),
            "name" => put(&mut thing.name, from),
            "status" => put(&mut thing.status, from),
            "visibility" => put(&mut thing.visibility, from),
            "ownerId" => put(&mut thing.owner_id, from),
            IMPLIED => put(&mut thing.deleted_at, from),
            field => {
                let Some(name) = field.strip_prefix(PROPERTY) else { continue };
                if from.is_null() {
                    properties.remove(name);
                } else {
                    properties.insert(name.to_owned(), from);
                }
            }
        }
    }
}

fn put<T: serde::de::DeserializeOwned>(slot: &mut T, value: Value) {
    if let Ok(value) = serde_json::from_value(value) {
        *slot = value;
    }
}

/// Forgets the values of these properties; whether there was anything to forget.
pub(super) fn scrub(changes: &mut JsonMap, hidden: &[String]) -> bool {
    let mut scrubbed = false;
    for name in hidden {
        if let Some(change) = changes.get_mut(&format!("{PROPERTY}{name}"))
            && change.get("from").is_some()
        {
            *change = json!({});
            scrubbed = true;
        }
    }
    scrubbed
}
