//! The small part of JSON Schema that describes properties: `type`, `enum`, `items` and
//! `properties`. Null counts as absent everywhere, and what a schema does not name is kept.

use std::collections::BTreeMap;

use serde_json::Value;
use types::{Error, Field, JsonMap, Result};

/// Wrong fields told at once; more would only be noise.
const TOLD: usize = 32;
/// Objects and lists inside each other that a schema may describe.
const DEPTH: usize = 8;

const TYPES: [&str; 6] = ["string", "number", "integer", "boolean", "array", "object"];

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

fn spoken(expected: &str) -> &'static str {
    match expected {
        "string" => "a string",
        "number" => "a number",
        "integer" => "a whole number",
        "boolean" => "true or false",
        "array" => "an array",
        _ => "an object",
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Refuses a schema that says more than this server understands: a rule that is stored and never
/// kept would be worse than none.
pub(super) fn check_schema(schema: &Value, pointer: &mut String, depth: usize) -> Result<()> {
    let refuse = |pointer: &str, code: &'static str, message: &str| {
        Err(Error::invalid(pointer, code, message))
    };
    let Some(map) = schema.as_object() else {
        return refuse(pointer, "wrong_type", "must be a JSON Schema: an object.");
    };
    if depth > DEPTH {
        return refuse(pointer, "too_deep", "must not be nested more than 8 times.");
    }
    for (word, value) in map {
        within(pointer, word, |pointer| match word.as_str() {
            "type" if value.as_str().is_some_and(|name| TYPES.contains(&name)) => Ok(()),
            "type" => refuse(
                pointer,
                "unknown_value",
                "must be one of string, number, integer, boolean, array, object.",
            ),
            "enum" if value.as_array().is_some_and(|list| (1..=500).contains(&list.len())) => {
                Ok(())
            }
            "enum" => refuse(pointer, "invalid_value", "must be a list of 1 to 500 values."),
            "items" => check_schema(value, pointer, depth + 1),
            "properties" => check_all(value, pointer, depth + 1),
            "title" | "description" if value.is_string() => Ok(()),
            "title" | "description" => refuse(pointer, "wrong_type", "must be a string."),
            _ => refuse(
                pointer,
                "unsupported_schema",
                "is not understood here; use type, enum, items, properties, title and description.",
            ),
        })?;
    }
    Ok(())
}

/// [`check_schema`] for each member of an object.
pub(super) fn check_all(schemas: &Value, pointer: &mut String, depth: usize) -> Result<()> {
    let Some(map) = schemas.as_object() else {
        return Err(Error::invalid(
            pointer.as_str(),
            "wrong_type",
            "must be an object of JSON Schemas by name.",
        ));
    };
    for (name, schema) in map {
        within(pointer, name, |pointer| check_schema(schema, pointer, depth))?;
    }
    Ok(())
}

/// Does something one step down, with the pointer (RFC 6901) to that place.
fn within<T>(pointer: &mut String, step: &str, visit: impl FnOnce(&mut String) -> T) -> T {
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
