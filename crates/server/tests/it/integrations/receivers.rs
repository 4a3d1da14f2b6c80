//! Calls of other programs: proven, counted once, turned into events.

use reqwest::Method;
use serde_json::{Value, json};

use crate::people::{Answer, Person};
use crate::stage::{alone_on_both, member, on_both};

const TOKEN: &str = "a token that nobody guesses";

/// A receiver that takes calls with [`TOKEN`]; its id.
async fn receiver(owner: &Person, group: &str, more: Value) -> String {
    let mut body = json!({ "groupId": group, "name": "Shop", "signature": "token",
        "secret": TOKEN, "eventType": "commerce_event" });
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    owner.post("/v1/receivers", body).await.was(201).id()
}

/// A call from outside.
async fn call(door: &Person, id: &str, token: &str, message: &str, body: &str) -> Answer {
    let request = door.http.request(Method::POST, format!("{}/v1/receivers/{id}/in", door.base));
    let request = request.bearer_auth(token).body(body.to_owned());
    let request = if message.is_empty() { request } else { request.header("webhook-id", message) };
    door.send(request).await
}

#[tokio::test]
async fn a_call_becomes_one_event_however_often_it_comes() {
    on_both(async |stage| {
        let (alice, door) = (stage.alice(), stage.nobody());
        let team = crate::stage::group(&alice, "receiving", "Receiving").await;
        let id = receiver(&alice, &team, json!({})).await;
        let shown = alice.get(&format!("/v1/receivers/{id}")).await.was(200);
        assert!(!shown.text.contains(TOKEN) && shown.text_at("/path").ends_with("/in"));
        let body = r#"{"order": {"id": 7, "total": 9.5}}"#;
        let first = call(&door, &id, TOKEN, "msg_1", body).await.was(200);
        assert_eq!(first.json()["duplicate"], false);
        let event = alice.get(&format!("/v1/events/{}", first.text_at("/eventId"))).await.was(200);
        let event = event.json();
        assert_eq!((&event["type"], &event["groupId"]), (&json!("commerce_event"), &json!(team)));
        assert_eq!(event["metadata"]["payload"]["order"]["total"], 9.5);
        assert_eq!(event["metadata"]["receiverId"], id);
        assert_eq!(event["actorId"], alice.id);
        let again = call(&door, &id, TOKEN, "msg_1", body).await.was(200).json();
        assert_eq!((&again["eventId"], &again["duplicate"]), (&event["id"], &json!(true)));
        let other = call(&door, &id, TOKEN, "msg_2", body).await.was(200).json();
        assert_ne!(other["eventId"], event["id"]);

        let change = json!({ "fields": { "order": "/order/id", "none": "/nowhere" } });
        alice.patch(&format!("/v1/receivers/{id}"), change).await.was(200);
        let third = call(&door, &id, TOKEN, "", body).await.was(200).text_at("/eventId");
        let event = alice.get(&format!("/v1/events/{third}")).await.was(200).json();
        assert_eq!(event["metadata"], json!({ "order": 7, "receiverId": id }));
    })
    .await;
}

#[tokio::test]
async fn who_cannot_prove_who_they_are_is_refused() {
    alone_on_both(async |stage| {
        let (alice, door) = (stage.alice(), stage.nobody());
        let token = receiver(&alice, &stage.acme, json!({})).await;
        let signed = json!({ "signature": "standard", "secret": null });
        let signed = receiver(&alice, &stage.acme, signed).await;
        let github = receiver(&alice, &stage.acme, json!({ "signature": "github" })).await;
        let stripe = receiver(&alice, &stage.acme, json!({ "signature": "stripe" })).await;
        for id in [&token, &signed, &github, &stripe] {
            let answer = call(&door, id, "a token that nobody guessed", "m", "{}").await;
            answer.was_problem(401, "invalid_signature");
        }
        // The token is of no use where calls are signed, and neither is one of ours.
        call(&door, &github, TOKEN, "m", "{}").await.was_problem(401, "invalid_signature");
        let own = alice.token.clone().unwrap_or_default();
        call(&door, &token, &own, "m", "{}").await.was_problem(401, "invalid_signature");
        let missing = "receiver_00000000000000000000000000";
        call(&door, missing, TOKEN, "m", "{}").await.was_problem(404, "not_found");
        for (body, status, code) in [
            ("", 400, "malformed_json"),
            ("payload={}", 400, "malformed_json"),
            ("[]", 422, "wrong_type"),
        ] {
            call(&door, &token, TOKEN, "", body).await.was_problem(status, code);
        }
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(70_000));
        call(&door, &token, TOKEN, "", &large).await.was_problem(422, "too_long");
        let huge = "x".repeat((256 << 10) + 1);
        call(&door, &token, TOKEN, "", &huge).await.was_problem(413, "body_too_large");

        // Floods of wrong ones are cut off; whoever has the secret comes through.
        let mut refused = 0;
        for _ in 0..80 {
            let answer = call(&door, &signed, "wrong", "m", "{}").await;
            assert!(matches!(answer.status, 401 | 429), "{answer:?}");
            refused += usize::from(answer.status == 429);
        }
        assert!((20..80).contains(&refused), "{refused}");
        call(&door, &token, TOKEN, "", "{}").await.was(200);
    })
    .await;
}

#[tokio::test]
async fn a_receiver_that_may_not_record_any_more_is_off() {
    on_both(async |stage| {
        let (alice, bob, door) = (stage.alice(), stage.bob(), stage.nobody());
        let team = crate::stage::group(&alice, "receiving-less", "Less").await;
        member(&alice, &team, &bob, "group_owner").await;
        let id = receiver(&bob, &team, json!({})).await;
        let path = format!("/v1/receivers/{id}");
        call(&door, &id, TOKEN, "", "{}").await.was(200);
        alice.patch(&path, json!({ "enabled": false })).await.was(200);
        call(&door, &id, TOKEN, "", "{}").await.was_problem(404, "not_found");
        bob.patch(&path, json!({ "enabled": true })).await.was(200);
        let role = json!({ "groupId": team, "role": "customer" });
        alice.patch(&format!("/v1/people/{}", bob.id), role).await.was(200);
        call(&door, &id, TOKEN, "", "{}").await.was_problem(404, "not_found");
        let off = alice.get(&path).await.was(200).json();
        assert_eq!(
            (&off["enabled"], &off["disabledReason"]),
            (&json!(false), &json!("owner_lost_access"))
        );
        for (field, value, pointer, code) in [
            ("eventType", json!("thing_created"), "/eventType", "reserved_type"),
            ("eventType", json!("nonsense"), "/eventType", "unknown_type"),
            ("secret", json!("short"), "/secret", "invalid_secret"),
            ("fields", json!({}), "/fields", "wrong_length"),
            ("fields", json!({ "a": "b" }), "/fields", "invalid_pointer"),
        ] {
            let answer = alice.patch(&path, json!({ field: value })).await.was(422);
            let wrong = &answer.json()["errors"][0];
            assert_eq!((&wrong["pointer"], &wrong["code"]), (&json!(pointer), &json!(code)));
        }
        alice.delete(&path).await.was(204);
        alice.get(&path).await.was_problem(404, "not_found");
    })
    .await;
}
