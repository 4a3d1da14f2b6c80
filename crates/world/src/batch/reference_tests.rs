//! What stands for what, and what is only text.

use serde_json::json;
use types::{AnyId, Json, Kind};
use uuid::Uuid;

use super::*;

fn answers() -> Answers<'static> {
    let body = json!({ "id": "thing_1", "version": 3, "properties": { "tags": ["x", "y"] } });
    let answer = StepAnswer {
        operation: None,
        status: 201,
        id: AnyId { kind: Kind::Thing, uuid: Uuid::nil() },
        version: Some(3),
        body: Json::of(&body).ok(),
    };
    let mut answers = Answers::default();
    answers.note("a", &answer).unwrap();
    answers
}

#[test]
fn a_reference_is_a_whole_text() {
    let answers = answers();
    for (before, after) in [
        (json!({ "to": "$a.id" }), json!({ "to": "thing_1" })),
        (json!([["$a.properties.tags.1"]]), json!([["y"]])),
        (json!({ "n": "$a.version" }), json!({ "n": 3 })),
        (json!("costs $a.id"), json!("costs $a.id")),
        (json!("$$a.id"), json!("$a.id")),
        (json!("$5.99"), json!("$5.99")),
        (json!("$a"), json!("$a")),
        (json!("$$5"), json!("$$5")),
    ] {
        let text = before.to_string();
        let found: Value = serde_json::from_str(&answers.body(&text).unwrap()).unwrap();
        assert_eq!(found, after);
    }
    assert_eq!(answers.path("/v1/things/$a.id").unwrap(), "/v1/things/thing_1");
    assert_eq!(answers.path("/v1/p/x?groupId=$a.id").unwrap(), "/v1/p/x?groupId=thing_1");
}

#[test]
fn what_nobody_answered_is_told_with_its_place() {
    for (body, pointer) in [
        (json!({ "x": { "y/z": "$b.id" } }), "/body/x/y~1z"),
        (json!({ "x": ["", "$a.nothing"] }), "/body/x/1"),
    ] {
        let error = answers().body(&body.to_string()).unwrap_err();
        assert_eq!(error.code(), "unknown_reference");
        assert_eq!(error.field_errors()[0].pointer, pointer);
    }
    assert!(answers().path("/v1/things/$b.id").is_err());
    assert!(answers().path("/v1/things/$a.version").is_err());
}
