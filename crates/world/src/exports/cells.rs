//! Cells of a table: what is written there for spreadsheets, and how it is read again.

use serde_json::Value;

/// Characters that make a spreadsheet take a text for a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

fn looks_like_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA)
}

/// Appends a cell. Text that a spreadsheet would compute gets an apostrophe; numbers stay numbers.
pub(crate) fn push(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => {}
        Value::String(text) if looks_like_formula(text) => quote(out, &format!("'{text}")),
        Value::String(text) => quote(out, text),
        other => quote(out, &other.to_string()),
    }
}

/// The text of a cell as it was before [`push`].
pub(crate) fn text(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|_| looks_like_formula(cell)).unwrap_or(cell)
}

fn quote(out: &mut Vec<u8>, text: &str) {
    if text.contains(['"', ',', '\n', '\r']) {
        out.push(b'"');
        out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

/// Whether a cell says the value and nothing else: it is read again as what it is.
pub(crate) fn holds(schema: &Value, value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => schema["type"] == "string" && !text.is_empty(),
        other => read(schema, &other.to_string()) == *other,
    }
}

/// What a cell says of a property with this schema. What does not fit stays text, for the check
/// of the property to refuse it with a better word.
pub(crate) fn read(schema: &Value, cell: &str) -> Value {
    let wanted = match schema["type"].as_str() {
        Some("number" | "integer") => Value::is_number,
        Some("boolean") => Value::is_boolean,
        Some("array") => Value::is_array,
        Some("object") => Value::is_object,
        _ => return Value::String(text(cell).to_owned()),
    };
    let read = serde_json::from_str(cell).ok().filter(wanted);
    read.unwrap_or_else(|| Value::String(text(cell).to_owned()))
}

#[cfg(test)]
#[path = "cells_tests.rs"]
mod tests;
