//! Calls of other programs: proven, counted once, turned into events or, by jobs, into things.

use reqwest::Method;
use serde_json::{Value, json};

use super::until;
use crate::engines::Engine;
use crate::people::{Answer, Person};
use crate::stage::{Stage, alone_on_both, member, on_both};
use crate::store;

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

/// A receiver whose calls become orders; its id.
async fn of_orders(owner: &Person, group: &str) -> String {
    let more = json!({ "eventType": null, "thingType": "order",
        "fields": { "name": "/data/title", "properties.total": "/data/total" } });
    receiver(owner, group, more).await
}

#[tokio::test]
async fn a_call_becomes_one_thing_by_a_job() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        let (alice, door) = (stage.alice(), stage.nobody());
        let id = of_orders(&alice, &stage.acme).await;
        let body = r#"{"data": {"title": " Tea ", "total": 9.5, "other": "left out"}}"#;
        let first = call(&door, &id, TOKEN, "msg_1", body).await.was(200).json();
        assert_eq!((&first["eventId"], &first["duplicate"]), (&Value::Null, &json!(false)));
        let again = call(&door, &id, TOKEN, "msg_1", body).await.was(200).json();
        assert_eq!((&again["jobId"], &again["duplicate"]), (&first["jobId"], &json!(true)));

        // Owners of the group look after its jobs; what came in is not shown there.
        let path = format!("/v1/jobs/{}", first["jobId"].as_str().expect("an id"));
        let job = until(&alice, &path, |job| job["state"] == "done").await;
        assert_eq!(
            (&job["payload"]["receiverId"], &job["payload"]["sealed"]),
            (&json!(id), &json!("(sealed)"))
        );
        let made = job["result"]["thingId"].as_str().expect("an id").to_owned();
        let thing = alice.get(&format!("/v1/things/{made}")).await.was(200).json();
        assert_eq!((&thing["type"], &thing["name"]), (&json!("order"), &json!("Tea")));
        assert_eq!(
            (&thing["properties"], &thing["ownerId"]),
            (&json!({ "total": 9.5 }), &json!(alice.id))
        );
        let number = call(&door, &id, TOKEN, "", r#"{"data": {"title": 7}}"#).await.was(200);
        let path = format!("/v1/jobs/{}", number.text_at("/jobId"));
        until(&alice, &path, |job| job["state"] == "done").await;

        // A run whose end was lost comes again, and finds its thing.
        stage.server.stop();
        let again = "update jobs set state = 'queued', ready = true, result = null, \
                     expires_at = null where kind = 'integrations.make_thing'";
        store::run(&stage, again).await;
        stage.server.run();
        let alice = alice.at(stage.server.url()).fresh();
        until(&alice, &path, |job| job["state"] == "done" && job["attempts"] == 2).await;
        let list = format!("/v1/things?groupId={}&type=order&sort=name", stage.acme);
        let list = alice.get(&list).await.was(200).json();
        let names: Vec<_> =
            list["data"].as_array().into_iter().flatten().map(|one| &one["name"]).collect();
        assert_eq!(names, ["7", "Tea"]);
        let events = format!("/v1/events?targetId={made}&type=thing_created");
        let events = alice.get(&events).await.was(200).json();
        assert_eq!(events["data"].as_array().map(Vec::len), Some(1), "{events}");
    }
}

#[tokio::test]
async fn what_can_become_no_thing_is_refused_with_a_reason() {
    on_both(async |stage| {
        let (alice, door) = (stage.alice(), stage.nobody());
        let team = crate::stage::group(&alice, "receiving-orders", "Orders").await;
        let id = of_orders(&alice, &team).await;
        let path = format!("/v1/receivers/{id}");
        for (change, pointer, code) in [
            (
                json!({ "eventType": "commerce_event", "thingType": "order" }),
                "/eventType",
                "contradiction",
            ),
            (json!({ "thingType": "nonsense" }), "/thingType", "unknown_type"),
            (json!({ "fields": null }), "/fields", "missing_field"),
            (json!({ "fields": { "properties.total": "/total" } }), "/fields", "missing_field"),
            (json!({ "fields": { "name": "/a", "total": "/b" } }), "/fields", "unknown_field"),
            (
                json!({ "fields": { "name": "/a", "properties.": "/b" } }),
                "/fields",
                "unknown_field",
            ),
        ] {
            let answer = alice.patch(&path, change).await.was(422);
            let wrong = &answer.json()["errors"][0];
            assert_eq!((&wrong["pointer"], &wrong["code"]), (&json!(pointer), &json!(code)));
        }
        let neither = json!({ "groupId": team, "name": "Shop", "signature": "standard" });
        alice.post("/v1/receivers", neither).await.was_problem(422, "contradiction");
        // Without a name there is no thing, and nothing is queued.
        for body in ["{}", r#"{"data": {"title": ["Tea"]}}"#, r#"{"data": {"title": " "}}"#] {
            let answer = call(&door, &id, TOKEN, "", body).await.was(422);
            assert_eq!(answer.json()["errors"][0]["pointer"], "/name", "{body}");
        }
        let large = format!(r#"{{"data": {{"title": "a", "total": "{}"}}}}"#, "x".repeat(70_000));
        call(&door, &id, TOKEN, "", &large).await.was_problem(422, "too_long");
        let jobs = format!("/v1/jobs?groupId={team}");
        assert_eq!(alice.get(&jobs).await.was(200).json()["data"], json!([]));

        // What the type refuses is told at the job, at its first run.
        let body = r#"{"data": {"title": "Tea", "total": "much"}}"#;
        let job = call(&door, &id, TOKEN, "", body).await.was(200).text_at("/jobId");
        let job = format!("/v1/jobs/{job}");
        let dead = until(&alice, &job, |job| job["state"] == "dead").await;
        assert_eq!(dead["attempts"], 1, "{dead}");
        let why = dead["lastError"].as_str().unwrap_or_default();
        assert!(why.contains("properties/total"), "{why}");

        // And back to events.
        let change = json!({ "eventType": "commerce_event", "fields": null });
        let changed = alice.patch(&path, change).await.was(200).json();
        assert_eq!(changed["thingType"], Value::Null);
        call(&door, &id, TOKEN, "", "{}").await.was(200).text_at("/eventId");
    })
    .await;
}

#[tokio::test]
async fn a_thing_is_made_only_while_its_owner_may() {
    alone_on_both(async |stage| {
        let (alice, bob, door, root) = (stage.alice(), stage.bob(), stage.nobody(), stage.root());
        let team = crate::stage::group(&alice, "receiving-late", "Late").await;
        member(&alice, &team, &bob, "group_owner").await;
        let id = of_orders(&bob, &team).await;
        let queue = "/v1/jobs/queues/integrations.make_thing";
        root.post(&format!("{queue}/pause"), json!({})).await.was(200);
        let body = r#"{"data": {"title": "Tea"}}"#;
        let job = call(&door, &id, TOKEN, "", body).await.was(200).text_at("/jobId");
        let role = json!({ "groupId": team, "role": "customer" });
        alice.patch(&format!("/v1/people/{}", bob.id), role).await.was(200);
        root.post(&format!("{queue}/resume"), json!({})).await.was(200);
        let dead = until(&alice, &format!("/v1/jobs/{job}"), |job| job["state"] == "dead").await;
        assert!(dead["lastError"].as_str().is_some_and(|why| why.contains("owner")), "{dead}");
        let off = alice.get(&format!("/v1/receivers/{id}")).await.was(200).json();
        assert_eq!(off["disabledReason"], "owner_lost_access");
        let things = alice.get(&format!("/v1/things?groupId={team}&type=order")).await.was(200);
        assert_eq!(things.json()["data"], json!([]));
        call(&door, &id, TOKEN, "", body).await.was_problem(404, "not_found");
    })
    .await;
}
