//! The small part of JSON Schema that describes the properties of built-in types, checked without
//! compiling anything: `type`, `enum`, `items` and `properties`. Null counts as absent everywhere,
//! and what a schema does not name is kept.

use std::collections::BTreeMap;

use serde_json::Value;
use types::{Error, Field, JsonMap, Result};

use super::violation::{TOLD, spoken};

/// Checks `values` against the schema of each known property.
pub(super) fn check(properties: &BTreeMap<String, Value>, values: &JsonMap) -> Result<()> {
    let mut wrong = Vec::new();
    let mut pointer = String::from("/properties");
    for (name, value) in values {
        if let Some(schema) = properties.get(name) {
            within(&mut pointer, name, |pointer| visit(schema, value, pointer, &mut wrong));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::fields(wrong)) }
}

fn visit(schema: &Value, value: &Value, pointer: &mut String, wrong: &mut Vec<Field>) {
    if value.is_null() || wrong.len() >= TOLD {
        return;
    }
    let mut refuse = |code: &'static str, message: String| {
        wrong.push(Field { pointer: pointer.clone(), code: code.into(), message });
    };
    if let Some(expected) = schema.get("type").and_then(Value::as_str)
        && !is_a(expected, value)
    {
        return refuse("wrong_type", format!("must be {}.", spoken(expected)));
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        let names: Vec<String> = allowed.iter().take(20).map(shown).collect();
        return refuse("unknown_value", format!("must be one of {}.", names.join(", ")));
    }
    match value {
        Value::Array(list) => {
            let Some(items) = schema.get("items") else { return };
            for (index, item) in list.iter().enumerate() {
                within(pointer, &index.to_string(), |pointer| visit(items, item, pointer, wrong));
            }
        }
        Value::Object(map) => {
            let Some(known) = schema.get("properties").and_then(Value::as_object) else { return };
            for (name, item) in map {
                if let Some(schema) = known.get(name) {
                    within(pointer, name, |pointer| visit(schema, item, pointer, wrong));
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_a(expected: &str, value: &Value) -> bool {
    match expected {
        "string" => value.is_string(),
        "number" => value.is_number(),
        // JSON Schema calls 5.0 an integer too.
        "integer" => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0)
        }
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Does something one step down, with the pointer (RFC 6901) to that place.
pub(super) fn within<T>(
    pointer: &mut String,
    step: &str,
    visit: impl FnOnce(&mut String) -> T,
) -> T {
    let end = pointer.len();
    pointer.push('/');
    for letter in step.chars() {
        match letter {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            _ => pointer.push(letter),
        }
    }
    let done = visit(pointer);
    pointer.truncate(end);
    done
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
