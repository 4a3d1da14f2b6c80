//! Reading the definition of a type that is about to be registered.

use kernel::ontology::{ConnectionType, EventType, ThingType};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use types::{Error, Field, Json, JsonMap, Result};

use super::model::Dimension;
use super::schema;

/// Bytes of a definition at most.
const LARGEST: usize = 64 * 1024;

/// The definition in the one form it is stored in: known words only, the name inside.
pub(super) fn read(dimension: Dimension, name: &str, definition: &Json) -> Result<Json> {
    if definition.as_str().len() > LARGEST {
        return Err(Error::invalid("", "too_long", "must have at most 64 KiB."));
    }
    let mut map: JsonMap = serde_json::from_str(definition.as_str())
        .map_err(|_| Error::invalid("", "wrong_type", "must be an object."))?;
    if map.get("name").is_some_and(|given| given != name) {
        return Err(Error::invalid("/name", "invalid_value", "must be the name of the type."));
    }
    map.insert("name".to_owned(), json!(name));
    match dimension {
        Dimension::Thing => {
            only(&map, &["name", "category", "properties", "deprecated"])?;
            if let Some(properties) = map.get("properties") {
                schema::check_all(properties, &mut String::from("/properties"), 1)?;
            }
            stored::<ThingType>(map)
        }
        Dimension::Connection => {
            only(&map, &["name", "family", "from", "to", "acyclic", "metadata"])?;
            for end in ["from", "to"] {
                map.entry(end).or_insert_with(|| json!("*"));
                check_end(&map, end)?;
            }
            stored::<ConnectionType>(map)
        }
        Dimension::Event => {
            only(&map, &["name", "category"])?;
            stored::<EventType>(map)
        }
    }
}

fn only(map: &JsonMap, known: &[&str]) -> Result<()> {
    let wrong: Vec<Field> = map
        .keys()
        .filter(|key| !known.contains(&key.as_str()))
        .take(32)
        .map(|key| Field {
            pointer: format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            code: "unknown_field".into(),
            message: format!("is not known here; expected {}.", known.join(", ")),
        })
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(Error::fields(wrong)) }
}

fn check_end(map: &JsonMap, end: &str) -> Result<()> {
    let good = match map.get(end) {
        Some(Value::String(text)) => text == "*",
        Some(Value::Array(names)) => {
            (1..=500).contains(&names.len())
                && names.iter().all(|name| name.as_str().is_some_and(super::rules::is_name))
        }
        _ => false,
    };
    if good {
        return Ok(());
    }
    Err(Error::invalid(
        format!("/{end}"),
        "invalid_value",
        "must be `*` or a list of names of thing types.",
    ))
}

/// Reads it as the type it will be used as, and writes it again.
fn stored<T: Serialize + DeserializeOwned>(map: JsonMap) -> Result<Json> {
    let read: T = serde_json::from_value(Value::Object(map)).map_err(|error| {
        Error::invalid("", "invalid_definition", format!("cannot be read: {error}."))
    })?;
    Ok(Json::of(&read)?)
}
