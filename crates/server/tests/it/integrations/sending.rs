//! What is sent, to whom, in which order.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::target::{Seen, Target};
use super::{delivery, thing, until, webhook};
use crate::engines::Engine;
use crate::people::Person;
use crate::stage::{Stage, alone_on_both, on_both};
use crate::store;

fn names(seen: &[Seen]) -> Vec<String> {
    let name =
        |one: &Seen| one.json()["data"]["metadata"]["name"].as_str().unwrap_or("?").to_owned();
    seen.iter().map(name).collect()
}

/// A group of Alice's, where Bob works.
async fn team(stage: &Stage, slug: &str) -> (Person, String) {
    let alice = stage.alice();
    let team = crate::stage::group(&alice, slug, slug).await;
    crate::stage::member(&alice, &team, &stage.bob(), "group_user").await;
    (alice, team)
}

#[tokio::test]
async fn an_event_is_posted_as_the_api_shows_it() {
    on_both(async |stage| {
        let target = Target::open().await;
        let (alice, team) = team(stage, "hooks-posted").await;
        let headers = json!({ "headers": { "X-Environment": "test" } });
        let (id, secret) = webhook(&alice, &team, &target.url("/in?who=us"), headers).await;
        assert!(secret.starts_with("whsec_"), "{secret}");
        let shown = alice.get(&format!("/v1/webhooks/{id}")).await.was(200);
        assert!(!shown.text.contains(&secret) && !shown.text.contains("\"test\""), "{shown:?}");
        assert_eq!(shown.json()["headerNames"], json!(["X-Environment"]));

        let made = thing(&alice, &team, "note", "first").await;
        let [seen] = target.wait(1).await.try_into().expect("one request");
        let said = seen.json();
        let of_thing = format!("/v1/events/target/{made}");
        let event = alice.get(&of_thing).await.was(200).json()["data"][0].clone();
        assert_eq!(said["type"], "thing_created");
        assert_eq!(said["timestamp"], event["timestamp"]);
        assert_eq!(said["data"], event);
        assert_eq!(seen.path, "/in?who=us");
        assert_eq!(seen.header("content-type"), "application/json");
        assert_eq!(seen.header("x-environment"), "test");
        assert!(seen.header("user-agent").starts_with("sixfold/"));
        assert!(seen.header("webhook-signature").starts_with("v1,"));
        for ours in ["cookie", "authorization", "x-request-id", "traceparent"] {
            assert_eq!(seen.header(ours), "");
        }

        let kept = delivery(&alice, &id, |one| one["state"] == "delivered").await;
        assert_eq!(kept["id"], seen.header("webhook-id"));
        assert_eq!((&kept["eventId"], &kept["seq"]), (&event["id"], &event["seq"]));
        let request = &kept["requests"][0];
        assert_eq!((&request["status"], &request["response"]), (&json!(200), &json!("done")));
        assert_eq!(request["request"].as_str().map(str::len), Some(seen.body.len().min(1024)));
    })
    .await;
}

#[tokio::test]
async fn only_what_is_asked_for_and_may_be_seen_is_sent() {
    on_both(async |stage| {
        let target = Target::open().await;
        let (alice, team) = team(stage, "hooks-asked").await;
        let bob = stage.bob();
        let courses = json!({ "filter": "metadata.type == \"course\" && actorId != null" });
        let (id, _) = webhook(&alice, &team, &target.url("/in"), courses).await;
        thing(&alice, &team, "note", "no course").await;
        let private = json!({ "groupId": team, "type": "course", "name": "Bob's own",
            "visibility": "private" });
        bob.post("/v1/things", private).await.was(201);
        let other = json!({ "groupId": team, "type": "lesson_completed" });
        alice.post("/v1/events", other).await.was(201);
        let course = thing(&bob, &team, "course", "a course").await;
        alice.patch(&format!("/v1/things/{course}"), json!({ "name": "b" })).await.was(200);
        thing(&bob, &team, "course", "the last").await;
        let mut seen = names(&target.wait(2).await);
        seen.sort();
        assert_eq!(seen, ["a course", "the last"]);
        let path = format!("/v1/webhooks/{id}/deliveries?state=delivered");
        until(&alice, &path, |said| said["data"].as_array().is_some_and(|all| all.len() == 2))
            .await;
        let all = alice.get(&format!("/v1/webhooks/{id}/deliveries")).await.json();
        assert_eq!(all["data"].as_array().map(Vec::len), Some(2), "{all}");
    })
    .await;
}

#[tokio::test]
async fn owners_are_sent_what_happens_below_and_nobody_above_or_beside() {
    on_both(async |stage| {
        let target = Target::open().await;
        let (alice, team) = team(stage, "hooks-above").await;
        let body = json!({ "slug": "hooks-below", "name": "Below", "type": "business",
            "parentGroupId": team });
        let below = alice.post("/v1/groups", body).await.was(201).id();
        let carol = stage.carol();
        let children = json!({ "includeChildren": true });
        webhook(&alice, &team, &target.url("/whole"), children).await;
        webhook(&alice, &team, &target.url("/own"), json!({})).await;
        webhook(&alice, &below, &target.url("/below"), json!({})).await;
        webhook(&carol, &stage.globex, &target.url("/foreign"), json!({})).await;
        thing(&alice, &below, "note", "below").await;
        thing(&alice, &team, "note", "above").await;
        let seen = target.wait(4).await;
        let pairs: HashSet<(String, String)> =
            seen.iter().map(|one| one.path.clone()).zip(names(&seen)).collect();
        let pair = |path: &str, name: &str| (path.to_owned(), name.to_owned());
        assert_eq!(pairs.len(), 4);
        for one in [
            pair("/whole", "below"),
            pair("/whole", "above"),
            pair("/own", "above"),
            pair("/below", "below"),
        ] {
            assert!(pairs.contains(&one), "{one:?}: {pairs:?}");
        }
        // Who runs the group but does not own it has nothing below it sent.
        let admin = stage.bob();
        let role = json!({ "groupId": team, "role": "admin" });
        alice.patch(&format!("/v1/people/{}", admin.id), role).await.was(200);
        let body = json!({ "groupId": team, "url": target.url("/x"), "includeChildren": true });
        admin.post("/v1/webhooks", body.clone()).await.was_problem(403, "forbidden");
        stage.vera().post("/v1/webhooks", body).await.was_problem(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn in_order_one_waits_for_the_one_before() {
    on_both(async |stage| {
        let target = Target::open().await;
        let (alice, team) = team(stage, "hooks-order").await;
        target.then(&["500 No"]);
        webhook(&alice, &team, &target.url("/next"), json!({ "ordered": true })).await;
        for name in ["one", "two", "three", "four"] {
            thing(&alice, &team, "note", name).await;
        }
        let seen = target.wait(5).await;
        assert_eq!(names(&seen), ["one", "one", "two", "three", "four"]);
        assert_eq!(seen[0].header("webhook-id"), seen[1].header("webhook-id"));
    })
    .await;
}

#[tokio::test]
async fn after_a_rotation_two_secrets_sign() {
    on_both(async |stage| {
        let target = Target::open().await;
        let (alice, team) = team(stage, "hooks-rotated").await;
        let (id, first) = webhook(&alice, &team, &target.url("/in"), json!({})).await;
        let path = format!("/v1/webhooks/{id}");
        let rotated = alice.post(&format!("{path}/rotate"), json!({})).await.was(200);
        assert_ne!(rotated.text_at("/secret"), first);
        assert!(rotated.json()["oldSecretUntil"].is_string());
        thing(&alice, &team, "note", "n").await;
        let seen = target.wait(1).await;
        let signatures: Vec<&str> = seen[0].header("webhook-signature").split(' ').collect();
        assert_eq!(signatures.len(), 2);
        assert!(
            signatures[0] != signatures[1] && signatures.iter().all(|one| one.starts_with("v1,"))
        );
    })
    .await;
}

#[tokio::test]
async fn a_test_and_a_replay_are_sent_at_once() {
    on_both(async |stage| {
        let target = Target::open().await;
        let (alice, team) = team(stage, "hooks-replayed").await;
        let (id, _) = webhook(&alice, &team, &target.url("/in"), json!({})).await;
        let path = format!("/v1/webhooks/{id}");
        let tested = alice.post(&format!("{path}/test"), json!({})).await.was(202);
        let seen = target.wait(1).await;
        assert_eq!(seen[0].json()["type"], "webhook_tested");
        assert_eq!(seen[0].header("webhook-id"), tested.id());
        until(&alice, &format!("{path}/deliveries/{}", tested.id()), |one| {
            one["state"] == "delivered"
        })
        .await;
        let again = format!("{path}/deliveries/{}/replay", tested.id());
        alice.post(&again, json!({})).await.was(202);
        assert_eq!(target.wait(2).await[1].header("webhook-id"), tested.id());

        // What happened while it was off is found again in the log.
        let seq = seen[0].json()["data"]["seq"].as_i64().expect("a place in the log");
        alice.patch(&path, json!({ "enabled": false })).await.was(200);
        alice.post(&format!("{path}/test"), json!({})).await.was_problem(409, "webhook_off");
        thing(&alice, &team, "note", "unseen").await;
        // The other one is told after it, so the log was read as far as that.
        let marker = Target::open().await;
        webhook(&alice, &team, &marker.url("/in"), json!({})).await;
        thing(&alice, &team, "note", "marker").await;
        marker.wait(1).await;
        alice.patch(&path, json!({ "enabled": true })).await.was(200);
        let asked = alice.post(&format!("{path}/replay"), json!({ "after": seq })).await.was(200);
        assert_eq!(asked.json()["queued"], 2, "{asked:?}");
        let mut seen = names(&target.wait(4).await[2..]);
        seen.sort();
        assert_eq!(seen, ["marker", "unseen"]);
        let asked = alice.post(&format!("{path}/replay"), json!({ "after": seq })).await.was(200);
        assert_eq!((&asked.json()["queued"], &asked.json()["hasMore"]), (&json!(0), &json!(false)));
        for body in [json!({}), json!({ "after": 1, "since": "2026-01-01T00:00:00Z" })] {
            alice.post(&format!("{path}/replay"), body).await.was_problem(422, "contradiction");
        }
    })
    .await;
}

#[tokio::test]
async fn a_flood_arrives_once_each() {
    alone_on_both(async |stage| {
        const MANY: usize = 300;
        let target = Target::open().await;
        let alice = stage.alice();
        let (id, _) = webhook(&alice, &stage.acme, &target.url("/in"), json!({})).await;
        let operations: Vec<Value> = (0..MANY)
            .map(|number| {
                json!({ "method": "POST", "path": "/v1/things",
                    "body": { "groupId": stage.acme, "type": "note", "name": format!("{number}") } })
            })
            .collect();
        alice.post("/v1/batch", json!({ "operations": operations })).await.was(200);
        let seen = target.wait(MANY).await;
        let path = format!("/v1/webhooks/{id}/deliveries?state=queued");
        until(&alice, &path, |said| said["data"].as_array().is_some_and(Vec::is_empty)).await;
        let ids: HashSet<&str> = seen.iter().map(|one| one.header("webhook-id")).collect();
        assert_eq!((ids.len(), target.seen().len()), (MANY, MANY));
    })
    .await;
}

/// Queues of which nothing is due, in front of that of the one webhook there is: of webhooks that
/// are on, that are off, and that are gone. More of them than are looked at together.
async fn crowd(stage: &Stage) {
    let id = match stage.engine {
        Engine::Sqlite => "unhex(printf('%032x', n.i))",
        Engine::Postgres(_) => "cast(lpad(to_hex(n.i), 32, '0') as uuid)",
    };
    let numbers = "with recursive n (i) as (select 1 union all select n.i + 1 from n \
                   where n.i < 1500)";
    let webhooks = format!(
        "{numbers} insert into webhooks (id, group_id, owner_id, url, event_types, \
         include_children, ordered, enabled, secret, secret_version, header_names, created_at, \
         updated_at) select {id}, o.group_id, o.owner_id, o.url, '[\"connection_created\"]', false, \
         false, n.i % 2 = 0, o.secret, 1, o.header_names, o.created_at, o.updated_at \
         from webhooks o, n where o.ordered and n.i <= 1200"
    );
    let deliveries = format!(
        "{numbers} insert into webhook_deliveries (id, webhook_id, event_id, event_type, seq, \
         state, attempts, step, due_at, created_at, updated_at) select {id}, {id}, {id}, \
         'connection_created', n.i, 'queued', 0, 0, 4102444800000000, o.created_at, o.created_at \
         from webhooks o, n where o.ordered"
    );
    store::run(stage, &format!("{webhooks}; {deliveries}")).await;
}

#[tokio::test]
async fn behind_many_queues_what_is_due_is_sent() {
    alone_on_both(async |mut stage| {
        let target = Target::open().await;
        let ordered = json!({ "ordered": true });
        webhook(&stage.alice(), &stage.acme, &target.url("/in"), ordered).await;
        assert!(stage.server.stop().success(), "{}", stage.server.told());
        crowd(&stage).await;
        stage.server.run();
        stage.follow();
        let alice = stage.alice();
        for name in ["first", "second", "third"] {
            thing(&alice, &stage.acme, "note", name).await;
        }
        assert_eq!(names(&target.wait(3).await), ["first", "second", "third"]);
    })
    .await;
}
