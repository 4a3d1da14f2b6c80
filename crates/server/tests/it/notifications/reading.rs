//! What becomes of notifications: listed, counted, read, removed.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{PATIENCE, followed, one, thing, until};
use crate::people::Person;
use crate::stage::{Stage, alone_on_both};

/// So many announcements for Bob, one after the other; his list, the latest first.
async fn told(stage: &Stage, many: usize) -> Vec<Value> {
    let (alice, bob) = (stage.alice(), stage.bob());
    for number in 0..many {
        let body = json!({ "groupId": stage.acme, "title": format!("number {number}") });
        alice.post("/v1/notifications", body).await.was(202);
        until(&bob, "announcement", |all| all.len() == number + 1).await;
    }
    // Two to a page, so that a page ends where others begin.
    let (mut list, mut cursor): (Vec<Value>, String) = (Vec::new(), String::new());
    loop {
        let page = bob.get(&format!("/v1/notifications?limit=2{cursor}")).await.was(200).json();
        list.extend(page["data"].as_array().cloned().unwrap_or_default());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return list,
        }
    }
}

async fn counts(person: &Person) -> Value {
    person.get("/v1/notifications/counts").await.was(200).json()
}

fn unread(all: &Value) -> u64 {
    all["notifications"].as_u64().unwrap_or_default()
}

#[tokio::test]
async fn they_are_read_one_by_one_up_to_a_moment_and_all_at_once() {
    alone_on_both(async |stage| {
        let bob = stage.bob();
        one(&bob, "membership").await;
        let list = told(&stage, 4).await;
        let titles: Vec<&str> = list.iter().filter_map(|one| one["title"].as_str()).collect();
        let latest = ["number 3", "number 2", "number 1", "number 0", "You are in “Acme” now"];
        assert_eq!(titles, latest);
        assert_eq!(unread(&counts(&bob).await), 5);

        let id = list[4]["id"].as_str().unwrap_or_default();
        let path = format!("/v1/notifications/{id}");
        let before = bob.get(&path).await.was(200);
        let answer = bob.post("/v1/notifications/read", json!({ "ids": [id] })).await.was(200);
        assert_eq!(answer.json(), counts(&bob).await);
        assert_eq!(unread(&answer.json()), 4);
        let after = bob.get(&path).await.was(200);
        assert_ne!(before.header("etag"), after.header("etag"));
        assert_eq!((&after.json()["read"], &before.json()["read"]), (&json!(true), &json!(false)));
        assert!(after.json()["readAt"].is_string());

        // Up to what was seen: what is newer stays unread.
        let until = json!({ "upTo": list[2]["updatedAt"] });
        let answer = bob.post("/v1/notifications/read", until).await.was(200).json();
        assert_eq!(unread(&answer), 2);
        assert_eq!(
            bob.get("/v1/notifications?unread=true").await.json()["data"][1]["title"],
            titles[1]
        );
        let read = bob.get("/v1/notifications?unread=false").await.was(200).json();
        assert_eq!(read["data"].as_array().map(Vec::len), Some(3));

        let back =
            bob.post("/v1/notifications/unread", json!({ "ids": [id] })).await.was(200).json();
        assert_eq!(unread(&back), 3);
        let none = bob.post("/v1/notifications/read", json!({ "all": true })).await.was(200).json();
        assert_eq!(none, json!({ "notifications": 0, "unread": 0, "byKind": {} }));
        // One event for each time that something changed.
        bob.post("/v1/notifications/read", json!({ "all": true })).await.was(200);
        let log = format!("/v1/events?groupId={}&type=notifications_read", bob.home);
        let log = bob.get(&log).await.was(200).json();
        let told: Vec<&Value> = log["data"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| &one["metadata"]["count"])
            .collect();
        assert_eq!(told, [&json!(3), &json!(2), &json!(1)]);

        bob.delete(&path).await.was(204);
        bob.get(&path).await.was(404);
        bob.get(&format!("/v1/things/{id}")).await.was(404);
        bob.delete(&path).await.was(404);
    })
    .await;
}

#[tokio::test]
async fn others_and_programs_have_nothing_of_it() {
    alone_on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let id = one(&bob, "membership").await["id"].as_str().unwrap_or_default().to_owned();
        let path = format!("/v1/notifications/{id}");
        for other in [&alice, &stage.root(), &stage.carol()] {
            other.get(&path).await.was_problem(404, "not_found");
            other.delete(&path).await.was_problem(404, "not_found");
            other.post("/v1/notifications/read", json!({ "ids": [id] })).await.was(200);
        }
        assert_eq!(one(&bob, "membership").await["read"], false);
        let key = json!({ "name": "k", "groupId": stage.acme, "permissions": ["*"] });
        let key = alice.post("/v1/api-keys", key).await.was(201).text_at("/key");
        let program = Person { token: Some(key), ..alice.clone() };
        for path in ["", "/counts", "/preferences"] {
            let path = format!("/v1/notifications{path}");
            program.get(&path).await.was_problem(403, "forbidden");
            stage.nobody().get(&path).await.was_problem(401, "unauthenticated");
        }
        for (body, pointer) in [
            (json!({}), ""),
            (json!({ "all": false }), ""),
            (json!({ "all": true, "ids": [] }), ""),
            (json!({ "ids": vec![&id; 201] }), "/ids"),
        ] {
            let answer = bob.post("/v1/notifications/read", body).await.was(422).json();
            assert_eq!(answer["errors"][0]["pointer"], pointer);
        }
        for wrong in [
            json!({ "digest": ["off", 7] }),
            json!({ "digest": { "hour": 24 } }),
            json!({ "channels": [] }),
            json!({ "channels": { "message": [true] } }),
            json!({ "channels": { "weather": {} } }),
        ] {
            bob.patch("/v1/notifications/preferences", wrong).await.was(422);
        }
        bob.get("/v1/notifications?cursor=x").await.was(422);
        bob.get("/v1/notifications?kind=weather").await.was(422);

        // As any thing, it can be archived: then it is out of the way, too.
        bob.delete(&format!("/v1/things/{id}")).await.was(204);
        assert_eq!(unread(&counts(&bob).await), 0);
        bob.get(&path).await.was(404);
    })
    .await;
}

#[tokio::test]
async fn no_more_are_kept_than_anybody_can_read() {
    alone_on_both(async |mut stage| {
        let bob = stage.bob();
        one(&bob, "membership").await;
        let list = told(&stage, 4).await;
        let hung = list[4]["id"].as_str().unwrap_or_default().to_owned();
        thing(&bob, &bob.home, "note", json!({ "parentId": hung })).await;
        stage.server.stop();
        stage.server.set("SIXFOLD_NOTIFICATIONS_KEEP_MOST", "2");
        stage.server.set("SIXFOLD_NOTIFICATIONS_CLEAN_UP_EVERY_S", "1");
        stage.server.run();
        let stage = stage.moved();
        let bob = stage.bob();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = bob.walk("/v1/notifications").await;
            let titles: Vec<&str> = left.iter().filter_map(|one| one["title"].as_str()).collect();
            // What others hang on stays.
            if titles == ["number 3", "number 2", "You are in “Acme” now"] {
                break;
            }
            assert!(Instant::now() < deadline, "{titles:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        followed(&stage.alice(), &stage.acme, &bob).await;
    })
    .await;
}
