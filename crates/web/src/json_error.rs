//! What a parser says, said again for people: a pointer, a stable code and a sentence, without
//! the names of our Rust types and without repeating the value (it may be a password).

use serde_json::Value;
use serde_path_to_error::Segment;
use types::{Error, ErrorKind};

/// 400: it is not JSON.
pub(crate) fn malformed(error: &serde_json::Error) -> Error {
    let text = error.to_string();
    let reason = without_place(&text);
    Error::new(
        ErrorKind::Malformed,
        "malformed_json",
        format!(
            "The body is not valid JSON: {reason} (line {}, column {}).",
            error.line(),
            error.column()
        ),
    )
}

/// Whether it may be JSON all the same. Where a word of a list should stand, the parser calls any
/// number, null or array a syntax error.
pub(crate) fn may_be_misfit(error: &serde_json::Error) -> bool {
    error.is_data() || without_place(&error.to_string()) == "expected value"
}

/// 422: it is JSON, but not what the route reads.
pub(crate) fn misfit(error: &serde_path_to_error::Error<serde_json::Error>) -> Error {
    let inner = error.inner();
    if !may_be_misfit(inner) {
        return malformed(inner);
    }
    let mut pointer = String::new();
    for segment in error.path() {
        match segment {
            Segment::Seq { index } => push(&mut pointer, &index.to_string()),
            Segment::Map { key } => push(&mut pointer, key),
            Segment::Enum { variant } => push(&mut pointer, variant),
            Segment::Unknown => {}
        }
    }
    let text = inner.to_string();
    let told = tell(without_place(&text));
    if let Some(field) = told.field {
        // The tracker names an unknown field itself, but not a missing one, and not an unknown
        // one inside a flattened struct.
        let mut own = String::new();
        push(&mut own, field);
        if told.code == "missing_field" || !pointer.ends_with(&own) {
            pointer.push_str(&own);
        }
    }
    Error::invalid(pointer, told.code, told.message)
}

/// 422: some string or key holds U+0000.
pub(crate) fn nul(text: &str) -> Error {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return malformed(&error),
    };
    let mut pointer = String::new();
    find_nul(&value, &mut pointer);
    Error::invalid(
        pointer,
        "invalid_character",
        "The character U+0000 cannot be stored; leave it out.",
    )
}

fn find_nul(value: &Value, pointer: &mut String) -> bool {
    let end = pointer.len();
    match value {
        Value::String(text) => return text.contains('\0'),
        Value::Array(list) => {
            for (index, item) in list.iter().enumerate() {
                push(pointer, &index.to_string());
                if find_nul(item, pointer) {
                    return true;
                }
                pointer.truncate(end);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                // A key with NUL is pointed at by its object: the answer is to stay clean.
                if key.contains('\0') {
                    return true;
                }
                push(pointer, key);
                if find_nul(item, pointer) {
                    return true;
                }
                pointer.truncate(end);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    false
}

fn push(pointer: &mut String, segment: &str) {
    pointer.push('/');
    for letter in segment.chars() {
        match letter {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            _ => pointer.push(letter),
        }
    }
}

fn without_place(text: &str) -> &str {
    text.rfind(" at line ").map_or(text, |end| &text[..end])
}

struct Told<'a> {
    code: &'static str,
    message: String,
    field: Option<&'a str>,
}

/// serde speaks in a handful of fixed sentences; anything else was written by a type of ours.
fn tell(text: &str) -> Told<'_> {
    let told = |code, message| Told { code, message, field: None };
    if let Some(rest) = text.strip_prefix("unknown field `") {
        let (field, accepted) = name_and_rest(rest);
        let message = match accepted.strip_prefix(", expected ") {
            Some(accepted) => format!("This field is not known here; expected {accepted}."),
            None => "This field is not known here.".to_owned(),
        };
        return Told { code: "unknown_field", message, field: Some(field) };
    }
    if let Some(rest) = text.strip_prefix("missing field `") {
        let (field, _) = name_and_rest(rest);
        let message = "This field is required.".to_owned();
        return Told { code: "missing_field", message, field: Some(field) };
    }
    if let Some(rest) = text.strip_prefix("duplicate field `") {
        let (field, _) = name_and_rest(rest);
        let message = "This field is there twice; send it once.".to_owned();
        return Told { code: "duplicate_field", message, field: Some(field) };
    }
    if let Some(rest) = text.strip_prefix("unknown variant `") {
        let (_, accepted) = name_and_rest(rest);
        return told(
            "unknown_value",
            match accepted.strip_prefix(", expected ") {
                Some(accepted) => format!("This value is not known; expected {accepted}."),
                None => "This value is not known.".to_owned(),
            },
        );
    }
    if text == "expected value" {
        return told("wrong_type", "This should be one of the documented values.".to_owned());
    }
    if text.starts_with("data did not match any variant") {
        return told("wrong_type", "This has none of the shapes that are read here.".to_owned());
    }
    let code = if text.starts_with("invalid type: ") {
        "wrong_type"
    } else if text.starts_with("invalid value: ") {
        "invalid_value"
    } else if text.starts_with("invalid length ") {
        "invalid_length"
    } else {
        return told("invalid_value", sentence(text));
    };
    match text.rfind(", expected ") {
        Some(at) => told(code, format!("This should be {}.", plainly(&text[at + 11..]))),
        None => told(code, "This has the wrong form.".to_owned()),
    }
}

/// The name up to its closing quote. A client may have put quotes into the name, so the closing
/// one is looked for from behind; what follows it is ours.
fn name_and_rest(text: &str) -> (&str, &str) {
    let end = text.rfind("`, expected ").or_else(|| text.rfind("`, there are"));
    let end = end.or_else(|| text.rfind('`'));
    end.map_or((text, ""), |end| (&text[..end], &text[end + 1..]))
}

/// Names of Rust types mean nothing to a caller.
pub(crate) fn plainly(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" | "bool" => "true or false",
        "a string" | "a borrowed string" | "str" | "string" => "a string",
        "a sequence" => "an array",
        "a map" | "map" => "an object",
        "unit" | "unit struct" => "null",
        _ if expected.starts_with("struct ") => "an object with the documented fields",
        _ if expected.starts_with("enum ")
            || expected.contains(" enum ")
            || expected.contains("variant ") =>
        {
            "one of the documented values"
        }
        _ if expected.starts_with("tuple ") || expected.starts_with("an array of") => {
            "an array of the documented length"
        }
        _ => expected,
    }
}

/// A type's own words as a sentence.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let Some(first) = letters.next() else { return "This is not valid.".to_owned() };
    let mut sentence: String = first.to_uppercase().collect();
    sentence.push_str(letters.as_str());
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}
