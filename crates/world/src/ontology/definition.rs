//! Reading the definition of a type that is about to be registered.

use kernel::ontology::{ConnectionType, EventType, ThingType};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use types::{Error, Field, Json, JsonMap, Result};

use super::kind::{self, Compiled};
use super::model::Dimension;

/// Bytes of a definition at most.
const LARGEST: usize = 64 * 1024;
/// The words of a type of things.
const THING: [&str; 9] = [
    "name",
    "category",
    "properties",
    "schema",
    "required",
    "unique",
    "indexed",
    "hidden",
    "deprecated",
];

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
            only(&map, &THING)?;
            let kind: ThingType = known(map)?;
            check_lists(&kind)?;
            let compiled = Compiled::new(kind)?;
            check_scalars(compiled.kind())?;
            Ok(Json::of(compiled.kind())?)
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

/// Lists of properties, each with the most it may hold: an index costs at every change.
fn check_lists(kind: &ThingType) -> Result<()> {
    for (word, names, most) in [
        ("required", &kind.required, 200),
        ("unique", &kind.unique, 8),
        ("indexed", &kind.indexed, 16),
        ("hidden", &kind.hidden, 32),
    ] {
        if names.len() > most {
            let message = format!("must name at most {most} properties.");
            return Err(Error::invalid(format!("/{word}"), "too_long", message));
        }
        for (index, name) in names.iter().enumerate() {
            let refuse = |code, message: &str| {
                Err(Error::invalid(format!("/{word}/{index}"), code, message))
            };
            if name.is_empty() || name.chars().count() > 200 {
                return refuse("invalid_name", "must have 1 to 200 characters.");
            }
            if names[..index].contains(name) {
                return refuse("duplicate", "is named twice.");
            }
            if matches!(word, "unique" | "indexed") && kind.hidden.contains(name) {
                return refuse("hidden_property", "is hidden: a lookup would tell what it holds.");
            }
        }
    }
    Ok(())
}

/// What is in an index has one kind of value, which can be compared.
fn check_scalars(kind: &ThingType) -> Result<()> {
    let schema = kind::whole(kind)?;
    let is_scalar = |name: &String| {
        kind::known(&schema).any(|(known, schema)| {
            let kind = schema.get("type").and_then(Value::as_str);
            known == name && matches!(kind, Some("string" | "number" | "integer" | "boolean"))
        })
    };
    for (word, names) in [("unique", &kind.unique), ("indexed", &kind.indexed)] {
        if let Some(index) = names.iter().position(|name| !is_scalar(name)) {
            return Err(Error::invalid(
                format!("/{word}/{index}"),
                "not_scalar",
                "must be a property with the `type` string, number, integer or boolean.",
            ));
        }
    }
    Ok(())
}

fn known<T: DeserializeOwned>(map: JsonMap) -> Result<T> {
    serde_json::from_value(Value::Object(map)).map_err(|error| {
        Error::invalid("", "invalid_definition", format!("cannot be read: {error}."))
    })
}

/// Reads it as the type it will be used as, and writes it again.
fn stored<T: Serialize + DeserializeOwned>(map: JsonMap) -> Result<Json> {
    Ok(Json::of(&known::<T>(map)?)?)
}
