//! What a thing's properties become when they are stored, by its type.

use database::Tx;
use serde_json::Value;
use types::{Error, GroupId, Json, JsonMap, Result};

use super::kind::{Compiled, Kind};
use super::{rules, schema};
use crate::sizes;

/// Characters of a text in an index.
const LONGEST: usize = 256;

/// Properties of a thing, ready to be stored.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// With defaults filled in and without the write-only ones.
    pub properties: Json,
    /// The write-only ones, if the type has any and they are set.
    pub hidden: Option<Json>,
    /// The indexed ones that are set.
    pub values: Vec<(String, Indexed)>,
    /// The unique ones that are set, as text.
    pub keys: Vec<(String, String)>,
}

/// A value in an index.
#[derive(Debug, Clone, PartialEq)]
pub enum Indexed {
    /// A number; a flag is 0 or 1.
    Number(f64),
    /// A text of at most 256 characters.
    Text(String),
}

/// Checks the properties of a thing of the type `kind` in `group` and sorts them into what is
/// stored where. `hidden` are the write-only ones it has already: they stay unless `properties`
/// names them too, with null to remove one.
///
/// # Errors
/// 422 for an unknown type, and with a pointer for each property that is wrong.
pub async fn prepare(
    tx: &mut Tx,
    group: GroupId,
    kind: &str,
    properties: &JsonMap,
    hidden: Option<&JsonMap>,
) -> Result<Prepared> {
    rules::kind(tx, group, kind).await?.prepare(properties, hidden)
}

impl Kind {
    /// [`prepare`] for a type that was looked up before.
    ///
    /// # Errors
    /// As [`prepare`].
    pub fn prepare(&self, properties: &JsonMap, hidden: Option<&JsonMap>) -> Result<Prepared> {
        let prepared = match self {
            Self::BuiltIn(kind) => {
                schema::check(&kind.properties, properties)?;
                let properties = Json::of(properties)?;
                Prepared { properties, hidden: None, values: Vec::new(), keys: Vec::new() }
            }
            Self::Registered(compiled) => sorted(compiled, properties, hidden)?,
        };
        sizes::check_properties(&prepared.properties)?;
        if let Some(hidden) = &prepared.hidden {
            sizes::check_properties(hidden)?;
        }
        Ok(prepared)
    }
}

fn sorted(compiled: &Compiled, properties: &JsonMap, hidden: Option<&JsonMap>) -> Result<Prepared> {
    let mut all = hidden.cloned().unwrap_or_default();
    all.extend(properties.iter().map(|(name, value)| (name.clone(), value.clone())));
    // Null counts as absent, and what is absent has its default.
    all.retain(|_, value| !value.is_null());
    compiled.fill_in(&mut all);
    let all = Value::Object(all);
    compiled.check(&all)?;

    let kind = compiled.kind();
    for name in kind.indexed.iter().chain(&kind.unique) {
        check_length(name, all.get(name))?;
    }
    let values = set(&all, &kind.indexed, indexed);
    let keys = set(&all, &kind.unique, key);
    let Value::Object(mut shown) = all else { return Err(Error::internal("no object")) };
    let hidden: JsonMap = kind.hidden.iter().filter_map(|name| shown.remove_entry(name)).collect();
    Ok(Prepared {
        properties: Json::of(&shown)?,
        hidden: if hidden.is_empty() { None } else { Some(Json::of(&hidden)?) },
        values,
        keys,
    })
}

/// Lists and objects are in no index.
fn indexed(value: &Value) -> Option<Indexed> {
    match value {
        Value::Number(number) => number.as_f64().map(Indexed::Number),
        Value::Bool(flag) => Some(Indexed::Number(f64::from(u8::from(*flag)))),
        Value::String(text) => Some(Indexed::Text(text.clone())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// One text for each value: 1 and 1.0 are the same number.
fn key(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) if number.is_f64() => Some((number.as_f64()? + 0.0).to_string()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Those of the properties called `names` that are set, as `read` understands them.
fn set<T>(all: &Value, names: &[String], read: fn(&Value) -> Option<T>) -> Vec<(String, T)> {
    names.iter().filter_map(|name| Some((name.clone(), read(all.get(name)?)?))).collect()
}

fn check_length(name: &str, value: Option<&Value>) -> Result<()> {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    if text.len() <= LONGEST || text.chars().count() <= LONGEST {
        return Ok(());
    }
    Err(Error::invalid(
        format!("/properties/{}", name.replace('~', "~0").replace('/', "~1")),
        "too_long",
        "is kept in an index and must have at most 256 characters.",
    ))
}

#[cfg(test)]
#[path = "prepare_tests.rs"]
mod tests;
