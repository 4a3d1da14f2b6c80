//! Bytes of properties and texts, counted against a plan.

use std::collections::HashMap;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::imports::{import, send};
use super::{below, log, rows, thing};
use crate::people::Person;
use crate::stage::{Stage, on_both};

/// A group of Alice's that may have only so many bytes.
async fn limited(stage: &Stage, slug: &str, bytes: i64) -> String {
    let body = json!({ "slug": slug, "name": slug, "type": "business",
        "settings": { "limits": { "storageBytes": bytes } } });
    stage.alice().post("/v1/groups", body).await.was(201).id()
}

async fn used(person: &Person, group: &str) -> i64 {
    let quota = person.get(&format!("/v1/groups/{group}/quota")).await.was(200).json();
    quota["metrics"]["storageBytes"]["used"].as_i64().expect("a number")
}

/// A note that counts for `bytes`.
fn body(group: &str, bytes: usize) -> Value {
    json!({ "groupId": group, "type": "note", "name": "n", "properties": text(bytes) })
}

fn text(bytes: usize) -> Value {
    let empty = json!({ "text": "" }).to_string().len();
    json!({ "text": "x".repeat(bytes - empty) })
}

#[tokio::test]
async fn what_is_kept_is_counted_and_what_is_gone_is_given_back() {
    on_both(async |stage| {
        let alice = stage.alice();
        let group = limited(stage, "bytes-all", 1_000_000).await;
        let is = async |bytes: i64, what: &str| {
            assert_eq!(used(&alice, &group).await, bytes, "{what}");
        };
        let empty = json!({ "groupId": group, "type": "note", "name": "without properties" });
        thing(&alice, empty).await;
        is(0, "nothing is nothing").await;
        let one = thing(&alice, body(&group, 500)).await;
        let path = format!("/v1/things/{one}");
        is(500, "made").await;
        let change = async |change: Value| alice.patch(&path, change).await.was(200);
        change(json!({ "properties": text(700) })).await;
        is(700, "grown").await;
        change(json!({ "properties": text(100) })).await;
        is(100, "shrunk").await;
        change(json!({ "name": "another", "visibility": "private" })).await;
        is(100, "renamed").await;
        change(json!({ "properties": { "text": "ü\u{1F600}" } })).await;
        is(json!({ "text": "ü\u{1F600}" }).to_string().len() as i64, "bytes, not characters").await;
        change(json!({ "properties": text(100) })).await;
        let revert = json!({ "version": 2 });
        alice.post(&format!("{path}/revert"), revert).await.was(200);
        is(700, "reverted").await;
        alice.delete(&path).await.was(204);
        is(700, "archived").await;

        let known = async |body: Value| alice.post("/v1/knowledge", body).await.was(201).id();
        let document = json!({ "groupId": group, "type": "document", "text": "d".repeat(300) });
        let document = known(document).await;
        is(1000, "a document").await;
        let label = json!({ "groupId": group, "type": "label", "text": "topic:x" });
        known(label.clone()).await;
        is(1007, "a label").await;
        alice.post("/v1/knowledge", label).await.was(200);
        is(1007, "the same label").await;
        alice.delete(&format!("/v1/knowledge/{document}")).await.was(204);
        is(707, "a document less").await;
        let two = thing(&alice, body(&group, 2000)).await;
        let embed = json!({ "thingId": two });
        let made = alice.post("/v1/knowledge/embed", embed.clone()).await.was(200).json();
        let chunks: usize = made["data"]
            .as_array()
            .expect("chunks")
            .iter()
            .filter_map(|one| one["text"].as_str())
            .map(str::len)
            .sum();
        is(2707 + chunks as i64, "chunks").await;
        alice.patch(&format!("/v1/things/{two}"), json!({ "properties": text(50) })).await.was(200);
        let made = alice.post("/v1/knowledge/embed", embed).await.was(200).json();
        let chunks: usize = made["data"]
            .as_array()
            .expect("chunks")
            .iter()
            .filter_map(|one| one["text"].as_str())
            .map(str::len)
            .sum();
        is(757 + chunks as i64, "other chunks").await;
        alice.delete(&format!("/v1/things/{two}?permanent=true")).await.was(204);
        is(707, "a thing and what was made from it less").await;
        alice.delete(&format!("{path}?permanent=true")).await.was(204);
        is(7, "only the label is left").await;
    })
    .await;
}

#[tokio::test]
async fn what_goes_over_the_limit_is_402_however_it_comes() {
    on_both(async |stage| {
        let alice = stage.alice();
        let group = limited(stage, "bytes-over", 1000).await;
        let one = thing(&alice, body(&group, 900)).await;
        let over = alice.post("/v1/things", body(&group, 200)).await;
        let message = over.text_at("/message");
        over.was_problem(402, "quota_exceeded");
        assert!(message.contains("1000 bytes") && message.contains("`storageBytes`"), "{message}");
        assert!(message.contains("900 are used"), "{message}");
        let path = format!("/v1/things/{one}");
        let change =
            async |bytes: usize| alice.patch(&path, json!({ "properties": text(bytes) })).await;
        change(1001).await.was_problem(402, "quota_exceeded");
        let document = json!({ "groupId": group, "type": "document", "text": "d".repeat(101) });
        alice.post("/v1/knowledge", document).await.was_problem(402, "quota_exceeded");
        let embed = json!({ "groupId": group, "text": "e".repeat(101) });
        alice.post("/v1/knowledge/embed", embed).await.was_problem(402, "quota_exceeded");
        let items = json!({ "items": [body(&group, 60), body(&group, 60), body(&group, 30)] });
        let bulk = alice.post("/v1/things/bulk", items).await.was(200).json();
        let statuses: Vec<_> = bulk["results"]
            .as_array()
            .expect("results")
            .iter()
            .map(|one| one["status"].as_u64())
            .collect();
        assert_eq!(statuses, [Some(201), Some(402), Some(201)]);
        let operation = |bytes| {
            json!({ "method": "POST", "path": "/v1/things",
            "body": body(&group, bytes) })
        };
        let batch = json!({ "operations": [operation(11), operation(20)] });
        assert_eq!(alice.post("/v1/batch", batch).await.status, 402);
        let new = json!({ "groupId": group, "format": "ndjson", "dimension": "things" });
        let id = import(&alice, new).await;
        let line = format!("{}\n", json!({ "type": "note", "name": "n", "properties": text(11) }));
        let done = send(&alice, &id, 0, line).await.was(200).json();
        assert_eq!((&done["created"], &done["failed"]), (&json!(0), &json!(1)), "{done}");
        let errors = rows(&alice, &format!("/v1/imports/{id}/errors")).await;
        assert_eq!(errors[0]["errors"][0]["code"], "quota_exceeded", "{errors:?}");
        assert_eq!(used(&alice, &group).await, 990);
        change(910).await.was(200);
        assert_eq!(used(&alice, &group).await, 1000, "the last byte");
        change(909).await.was(200);
        change(20).await.was(200);
        assert_eq!(used(&alice, &group).await, 110);
        let told: Vec<_> = log(&alice, &group)
            .await
            .iter()
            .filter(|event| event["type"] == "quota_warning")
            .map(|event| event["metadata"]["metric"].clone())
            .collect();
        assert!(!told.is_empty() && told.iter().all(|one| one == "storageBytes"), "{told:?}");
    })
    .await;
}

#[tokio::test]
async fn hidden_properties_count_and_so_does_what_a_type_adds() {
    on_both(async |stage| {
        let alice = stage.alice();
        let group = limited(stage, "bytes-types", 100_000).await;
        let put = async |body: Value| {
            let path = format!("/v1/groups/{group}/types/thing/vaulted");
            let answer = alice.send(alice.request(Method::PUT, &path).json(&body)).await;
            assert!(matches!(answer.status, 200 | 201), "{answer:?}");
        };
        let text = json!({ "type": "string" });
        put(json!({ "properties": { "code": text, "word": text }, "hidden": ["code"] })).await;
        let new = json!({ "groupId": group, "type": "vaulted", "name": "v",
            "properties": { "code": "0123456789", "word": "x" } });
        let one = thing(&alice, new).await;
        let counted =
            |all: &[Value]| -> i64 { all.iter().map(|one| one.to_string().len() as i64).sum() };
        let both = [json!({ "code": "0123456789" }), json!({ "word": "x" })];
        assert_eq!(used(&alice, &group).await, counted(&both));
        let path = format!("/v1/things/{one}");
        alice.patch(&path, json!({ "properties": { "code": null } })).await.was(200);
        assert_eq!(used(&alice, &group).await, counted(&both[1..]));
    })
    .await;
}

#[tokio::test]
async fn what_goes_with_a_deleted_group_is_given_back_where_it_was() {
    on_both(async |stage| {
        let alice = stage.alice();
        let top = limited(stage, "bytes-top", 1000).await;
        let child = below(&alice, &top, "bytes-doomed").await;
        let source = thing(&alice, body(&child, 400)).await;
        let about = json!({ "groupId": top, "type": "document", "text": "d".repeat(250),
            "sourceThingId": source });
        alice.post("/v1/knowledge", about).await.was(201);
        assert_eq!((used(&alice, &top).await, used(&alice, &child).await), (250, 400));
        alice.delete(&format!("/v1/groups/{child}")).await.was(204);
        assert_eq!(used(&alice, &top).await, 250, "an archived group keeps what it has");
        let forever = format!("/v1/groups/{child}?permanent=true&confirm=bytes-doomed");
        alice.delete(&forever).await.was(204);
        assert_eq!(used(&alice, &top).await, 0);
    })
    .await;
}

#[tokio::test]
async fn of_two_hundred_at_once_as_many_bytes_are_kept_as_may_be() {
    on_both(async |stage| {
        let alice = stage.alice();
        let group = limited(stage, "bytes-crowd", 10_000).await;
        let mut all = JoinSet::new();
        for _ in 0..200 {
            let (alice, body) = (alice.clone(), body(&group, 100));
            all.spawn(async move { alice.post("/v1/things", body).await.status });
        }
        let mut statuses = HashMap::new();
        for status in all.join_all().await {
            *statuses.entry(status).or_insert(0) += 1;
        }
        assert_eq!(statuses, HashMap::from([(201, 100), (402, 100)]));
        assert_eq!(used(&alice, &group).await, 10_000);

        // Some grow, some shrink, some go: at the end the number is what is there.
        let things = alice.walk(&format!("/v1/things?groupId={group}")).await;
        let mut all = JoinSet::new();
        for (index, thing) in things.iter().enumerate() {
            let (alice, path) =
                (alice.clone(), format!("/v1/things/{}", thing["id"].as_str().unwrap_or_default()));
            all.spawn(async move {
                match index % 4 {
                    0 => alice.delete(&format!("{path}?permanent=true")).await.status,
                    1 => alice.patch(&path, json!({ "properties": text(300) })).await.status,
                    _ => alice.patch(&path, json!({ "properties": text(20 + index) })).await.status,
                }
            });
        }
        let statuses = all.join_all().await;
        assert!(statuses.iter().all(|status| matches!(status, 200 | 204 | 402)), "{statuses:?}");
        let left = rows(&alice, &format!("/v1/things?groupId={group}&limit=200")).await;
        assert_eq!(left.len(), 75);
        let kept: usize = left.iter().map(|one| one["properties"].to_string().len()).sum();
        assert!(kept <= 10_000);
        assert_eq!(used(&alice, &group).await, kept as i64);
    })
    .await;
}
