//! Bodies of requests: read as what they are, or refused with the place; never anything else.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use types::{Error, ErrorKind};
use world::{batch, bulk, connections, events, groups, knowledge, people, things};

/// Nesting of a body.
const MAX_DEPTH: usize = 32;

/// A byte that says what it is a body of, and the body.
pub fn json_body(data: &[u8]) {
    let [of, body @ ..] = data else { return };
    match of % 12 {
        0 => read::<batch::model::Batch>(body),
        1 => read::<things::model::NewThing>(body),
        2 => read::<things::model::ThingChange>(body),
        3 => read::<connections::model::NewConnection>(body),
        4 => read::<events::model::NewCustomEvent>(body),
        5 => read::<knowledge::model::NewKnowledge>(body),
        6 => read::<groups::model::NewGroup>(body),
        7 => read::<groups::model::GroupChange>(body),
        8 => read::<people::model::NewPerson>(body),
        9 => read::<people::model::PersonChange>(body),
        10 => read::<bulk::model::Bulk>(body),
        _ => read::<Value>(body),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) {
    let json = serde_json::from_slice::<Value>(body);
    match web::parse::<T>(body) {
        Ok(_) => {
            let any = serde_json::from_slice::<IgnoredAny>(body);
            assert!(any.is_ok(), "it is no JSON: {any:?}");
            if let Ok(json) = json {
                assert!(json.is_object(), "a body is an object");
                assert!(depth(&json) <= MAX_DEPTH, "it nests too deep");
                assert!(!has_nul(&json), "it has a NUL");
            }
        }
        Err(error) => {
            assert!(is_told(&error), "{error:?}");
            if error.code() == "malformed_json" {
                assert!(json.is_err(), "it is JSON, and called malformed: {error:?}");
            }
        }
    }
}

/// A sentence about what is wrong, and where.
fn is_told(error: &Error) -> bool {
    let kind = matches!(error.kind(), ErrorKind::Malformed | ErrorKind::Invalid);
    kind && !error.message().is_empty() && !error.code().is_empty()
}

fn depth(json: &Value) -> usize {
    match json {
        Value::Array(all) => 1 + all.iter().map(depth).max().unwrap_or(0),
        Value::Object(all) => 1 + all.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn has_nul(json: &Value) -> bool {
    match json {
        Value::String(text) => text.contains('\0'),
        Value::Array(all) => all.iter().any(has_nul),
        Value::Object(all) => all.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        _ => false,
    }
}
