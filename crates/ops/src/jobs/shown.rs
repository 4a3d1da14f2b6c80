//! What of a payload or a result is shown: ids, numbers, flags and times. Texts may be anything, so
//! they are not.

use serde_json::{Map, Value};
use types::{AnyId, Json, Kind, Time};

/// Levels that are shown; deeper ones are hidden as a whole.
const DEPTH: usize = 6;

/// A copy without anything that may be secret.
pub(super) fn shown(json: &Json) -> Json {
    let value = serde_json::from_str(json.as_str()).unwrap_or(Value::Null);
    Json::of(&harmless(value, DEPTH)).unwrap_or_else(|_| Json::empty())
}

fn harmless(value: Value, depth: usize) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
        Value::String(text) if is_harmless(&text) => Value::String(text),
        Value::String(_) => hidden(),
        _ if depth == 0 => hidden(),
        Value::Array(all) => all.into_iter().map(|one| harmless(one, depth - 1)).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| match name.as_str() {
                "sealed" => (name, Value::from("(sealed)")),
                _ => (name, harmless(value, depth - 1)),
            });
            Value::Object(fields.collect::<Map<_, _>>())
        }
    }
}

fn hidden() -> Value {
    Value::from("(hidden)")
}

fn is_harmless(text: &str) -> bool {
    AnyId::parse(text, Kind::Thing).is_ok()
        || serde_json::from_value::<Time>(Value::from(text)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_shown_and_texts_are_not() {
        let payload = Json::from_text(
            r#"{"groupId":"01934f2c-7a10-7cc3-98c4-dc0c0c073981","token":"aGVsbG8","count":3,
            "sealed":"c2VjcmV0","list":["alice@example.com",true],"at":"2026-01-31T12:00:00.000Z"}"#
                .to_owned(),
        )
        .expect("JSON");
        let told: Value = serde_json::from_str(shown(&payload).as_str()).expect("JSON");
        assert_eq!(told["groupId"], "01934f2c-7a10-7cc3-98c4-dc0c0c073981");
        assert_eq!(told["token"], "(hidden)");
        assert_eq!(told["sealed"], "(sealed)");
        assert_eq!(told["count"], 3);
        assert_eq!(told["list"], serde_json::json!(["(hidden)", true]));
        assert_eq!(told["at"], "2026-01-31T12:00:00.000Z");
    }
}
