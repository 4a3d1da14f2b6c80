//! What is wrong with a thing is said by the name of the field; and ids that are none.

use serde_json::{Value, json};

use super::{note, refused};
use crate::stage::on_both;

#[tokio::test]
async fn a_field_of_a_thing_that_is_wrong_is_named() {
    on_both(async |stage| {
        let bob = stage.bob();
        let with = |key: &str, value: Value| {
            let mut body = json!({ "groupId": stage.acme, "type": "note", "name": "n" });
            body[key] = value;
            body
        };
        let path = format!("/v1/things/{}", note(&bob, &stage.acme, "valid").await);
        let before = bob.get(&path).await.was(200).json();
        for (body, pointer, code) in [
            (with("name", json!("")), "/name", "too_short"),
            (with("name", json!("x".repeat(501))), "/name", "too_long"),
            (with("name", json!("a\u{0}b")), "/name", "invalid_character"),
            (with("name", json!("a\u{8}b")), "/name", "invalid_character"),
            (with("name", json!(["n"])), "/name", "wrong_type"),
            (with("type", json!("nothing")), "/type", "unknown_type"),
            (with("type", json!("Note")), "/type", "unknown_type"),
            (with("type", json!("")), "/type", "unknown_type"),
            (with("type", json!("x".repeat(100_000))), "/type", "unknown_type"),
            (with("type", Value::Null), "/type", "wrong_type"),
            (with("status", json!("gone")), "/status", "unknown_value"),
            (with("status", json!("Active")), "/status", "unknown_value"),
            (with("status", json!(7)), "/status", "wrong_type"),
            (with("visibility", json!(["group"])), "/visibility", "wrong_type"),
            (with("status", json!("published")), "/status", "wrong_status"),
            (with("visibility", json!("secret")), "/visibility", "unknown_value"),
            (with("properties", json!("x")), "/properties", "wrong_type"),
            (with("properties", json!([])), "/properties", "wrong_type"),
            (with("properties", json!({ "pinned": 1 })), "/properties/pinned", "wrong_type"),
            (with("groupId", json!("x")), "/groupId", "invalid_value"),
            (with("groupId", json!(bob.id)), "/groupId", "invalid_value"),
            (with("parentId", json!("x")), "/parentId", "invalid_value"),
            (with("ownerId", json!(bob.id)), "/ownerId", "unknown_field"),
            (with("tier", json!("e2e")), "/tier", "unknown_field"),
            (with("version", json!(7)), "/version", "unknown_field"),
            (with("Name", json!("n")), "/Name", "unknown_field"),
            (json!({ "type": "note" }), "/name", "missing_field"),
            (json!({ "name": "n" }), "/type", "missing_field"),
        ] {
            refused(bob.post("/v1/things", body.clone()).await, pointer, code);
            if matches!(code, "missing_field" | "wrong_status")
                || pointer == "/groupId"
                || pointer == "/type"
            {
                continue;
            }
            let mut change = body;
            for key in ["groupId", "type"] {
                change.as_object_mut().map(|change| change.remove(key));
            }
            refused(bob.patch(&path, change).await, pointer, code);
        }
        assert_eq!(bob.get(&path).await.was(200).json(), before);
        // Five hundred characters are not bytes, and a line break is no control character.
        for name in ["ä".repeat(500), "\u{1F980}".repeat(500), "a\nb\tc".to_owned(), " ".into()] {
            let made = bob.post("/v1/things", with("name", json!(name))).await.was(201);
            assert_eq!(made.text_at("/name"), name);
        }
    })
    .await;
}

#[tokio::test]
async fn an_id_that_is_none_is_refused_and_one_of_nobody_is_not_found() {
    on_both(async |stage| {
        let bob = stage.bob();
        let absent = "01jd7jrykgfk1sh8nw1g60edsf";
        let mine = note(&bob, &stage.acme, "mine").await;
        for (list, kind) in [
            ("groups", "group"),
            ("people", "person"),
            ("things", "thing"),
            ("connections", "connection"),
            ("events", "event"),
            ("knowledge", "knowledge"),
        ] {
            for bad in [
                "x",
                "7",
                "%20",
                "null",
                &format!("{kind}_"),
                &format!("{kind}_{absent}0"),
                &format!("{kind}_8{}", &absent[1..]),
                &format!("{kind}_{}", &absent[1..]),
                &format!("other_{absent}"),
                "0193a3a3-0000-7000-8000-00000000000g",
            ] {
                let answer = bob.get(&format!("/v1/{list}/{bad}")).await;
                assert_eq!(answer.status, 422, "{list}/{bad}: {answer:?}");
                answer.was_problem(422, "invalid_id");
            }
            bob.get(&format!("/v1/{list}/{kind}_{absent}")).await.was_problem(404, "not_found");
            let bare = "0193a3a3-0000-7000-8000-000000000000";
            bob.get(&format!("/v1/{list}/{bare}")).await.was_problem(404, "not_found");
            if kind != "thing" {
                // An id of another kind is not of this one.
                let answer = bob.get(&format!("/v1/{list}/{mine}")).await;
                assert_eq!(answer.status, 422, "{list}: {answer:?}");
            }
        }
    })
    .await;
}
