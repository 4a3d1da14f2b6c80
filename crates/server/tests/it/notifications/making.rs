//! Which events tell whom.

use serde_json::json;

use super::{count, followed, one, thing, until};
use crate::stage::{alone_on_both, group, member, sign_up};

#[tokio::test]
async fn who_takes_part_in_a_room_is_told_and_a_burst_is_one() {
    alone_on_both(async |stage| {
        let (alice, bob, vera, acme) = (stage.alice(), stage.bob(), stage.vera(), &stage.acme);
        let room = thing(&alice, acme, "conversation", json!({ "name": "Plans" })).await;
        for number in 0..3 {
            let said =
                json!({ "parentId": room, "properties": { "content": format!("{number}") } });
            thing(&bob, acme, "message", said).await;
        }
        let told = until(&alice, "message", |all| all.iter().any(|one| one["count"] == 3)).await;
        assert_eq!(told.len(), 1, "{told:?}");
        let told = &told[0];
        assert_eq!(told["title"], "3 new messages in “Plans”");
        assert_eq!(told["actor"], json!({ "id": bob.id, "name": "bob" }));
        assert_eq!(told["target"], json!({ "id": room, "name": "Plans" }));
        assert_eq!((&told["read"], &told["groupId"]), (&json!(false), &json!(acme)));
        let counts = alice.get("/v1/notifications/counts").await.was(200).json();
        assert_eq!((&counts["byKind"]["message"], &counts["unread"]), (&json!(1), &json!(3)));

        // It is a private thing in her own group, and only hers.
        let path = format!("/v1/things/{}", told["id"].as_str().unwrap_or_default());
        let kept = alice.get(&path).await.was(200).json();
        assert_eq!((&kept["type"], &kept["groupId"]), (&json!("notification"), &json!(alice.home)));
        assert_eq!((&kept["visibility"], &kept["ownerId"]), (&json!("private"), &json!(alice.id)));
        bob.get(&path).await.was(404);

        // Who spoke is not told, nor who does not take part; who comes in is from then on.
        followed(&alice, acme, &bob).await;
        assert_eq!((count(&bob, "message").await, count(&vera, "message").await), (0, 0));
        let part = json!({ "type": "participated_in", "fromId": bob.id, "toId": room });
        bob.post("/v1/connections", part).await.was(201);
        let said = json!({ "parentId": room, "properties": { "content": "hello" } });
        thing(&alice, acme, "message", said).await;
        assert_eq!(one(&bob, "message").await["title"], "alice wrote in “Plans”");
        assert_eq!(one(&alice, "connection").await["title"], "bob made a connection to “Plans”");

        // Once it was read, what comes is another one.
        alice.post("/v1/notifications/read", json!({ "all": true })).await.was(200);
        let said = json!({ "parentId": room, "properties": { "content": "again" } });
        thing(&bob, acme, "message", said).await;
        let told = until(&alice, "message", |all| all.len() == 2).await;
        assert_eq!(told[0]["title"], "bob wrote in “Plans”");
    })
    .await;
}

#[tokio::test]
async fn who_is_named_is_told_of_what_they_may_see() {
    alone_on_both(async |stage| {
        let (alice, bob, carol, acme) = (stage.alice(), stage.bob(), stage.carol(), &stage.acme);
        for (person, name) in [(&bob, "bob_1"), (&carol, "carol_1")] {
            let path = format!("/v1/people/{}", person.id);
            person.patch(&path, json!({ "username": name })).await.was(200);
        }
        let text = "@bob_1, @carol_1 and @nobody_1: look, not me@bob_1";
        let more = json!({ "name": "Notes", "properties": { "content": text } });
        let note = thing(&alice, acme, "note", more).await;
        let told = one(&bob, "mention").await;
        assert_eq!(told["title"], "alice mentioned you in “Notes”");
        assert_eq!(told["target"]["id"], json!(note));
        // What is private is shown to nobody else, whoever it names.
        let private = json!({ "visibility": "private", "properties": { "content": "@bob_1" } });
        thing(&alice, acme, "note", private).await;
        followed(&alice, acme, &bob).await;
        assert_eq!((count(&bob, "mention").await, count(&carol, "mention").await), (1, 0));
        assert_eq!(told["count"], 1);

        // Turned private, what it is called is not told any more.
        let path = format!("/v1/things/{note}");
        alice.patch(&path, json!({ "visibility": "private" })).await.was(200);
        let told = one(&bob, "mention").await;
        assert_eq!(
            (&told["title"], &told["target"]),
            (&json!("alice mentioned you"), &json!(null))
        );

        // What is added to one's own is told, too.
        let own = thing(&bob, acme, "note", json!({ "name": "Mine" })).await;
        thing(&alice, acme, "note", json!({ "parentId": own })).await;
        assert_eq!(one(&bob, "comment").await["title"], "alice added to “Mine”");
    })
    .await;
}

#[tokio::test]
async fn members_and_owners_are_told_of_what_becomes_of_a_group() {
    alone_on_both(async |stage| {
        let (alice, bob, vera, carol) = (stage.alice(), stage.bob(), stage.vera(), stage.carol());
        assert_eq!(one(&bob, "membership").await["title"], "You are in “Acme” now");
        let role = json!({ "groupId": stage.acme, "role": "group_user" });
        alice.patch(&format!("/v1/people/{}", vera.id), role).await.was(200);
        assert_eq!(one(&vera, "role").await["title"], "Your role in “Acme” is another one now");

        let club = group(&alice, "club", "Club").await;
        let open =
            json!({ "settings": { "visibility": "public", "joinPolicy": "approval_required" } });
        alice.patch(&format!("/v1/groups/{club}"), open).await.was(200);
        let asked = carol.post(&format!("/v1/groups/{club}/join"), json!({})).await.was(202);
        let told = one(&alice, "join_request").await;
        assert_eq!(told["title"], "carol wants to join “Club”");
        assert_eq!(told["actor"]["id"], json!(carol.id));
        let path = format!("/v1/groups/{club}/join-requests/{}/approve", asked.id());
        alice.post(&path, json!({})).await.was(200);
        assert_eq!(one(&carol, "membership").await["title"], "You are in “Club” now");
        // Nobody is told what they did themselves.
        followed(&alice, &club, &carol).await;
        assert_eq!(
            (count(&alice, "membership").await, count(&carol, "join_request").await),
            (0, 0)
        );
    })
    .await;
}

#[tokio::test]
async fn who_wants_to_know_nothing_is_told_nothing() {
    alone_on_both(async |stage| {
        let (alice, bob, acme) = (stage.alice(), stage.bob(), &stage.acme);
        one(&bob, "membership").await;
        let path = "/v1/notifications/preferences";
        let off = json!({ "inApp": false, "email": false, "webhook": false });
        let change = json!({ "channels": { "comment": off } });
        let kept = bob.patch(path, change).await.was(200).json();
        assert_eq!(kept["channels"]["comment"], off);
        assert_eq!(kept["channels"]["mention"]["inApp"], true);
        assert_eq!(bob.get(path).await.was(200).json(), kept);
        let own = thing(&bob, acme, "note", json!({ "name": "Mine" })).await;
        let things = format!("/v1/things?groupId={}&type=notification", bob.home);
        let before = bob.get(&things).await.was(200).json()["data"].as_array().map(Vec::len);
        thing(&alice, acme, "note", json!({ "parentId": own })).await;
        followed(&alice, acme, &bob).await;
        let after = bob.get(&things).await.was(200).json()["data"].as_array().map(Vec::len);
        // The mark and nothing else.
        assert_eq!(after, before.map(|before| before + 1));

        // For letters only: it is made, and neither listed nor counted.
        let letter = json!({ "channels": { "comment": { "email": true } } });
        bob.patch(path, letter).await.was(200);
        thing(&alice, acme, "note", json!({ "parentId": own })).await;
        followed(&alice, acme, &bob).await;
        assert_eq!(count(&bob, "comment").await, 0);
        let counts = bob.get("/v1/notifications/counts").await.was(200).json();
        assert!(counts["byKind"]["comment"].is_null(), "{counts}");

        for (change, pointer, code) in [
            (
                json!({ "channels": { "weather": { "email": true } } }),
                "/channels/weather",
                "unknown_kind",
            ),
            (json!({ "digest": { "hour": 24 } }), "/digest/hour", "out_of_range"),
        ] {
            let answer = bob.patch(path, change).await.was(422).json();
            let wrong = &answer["errors"][0];
            assert_eq!((&wrong["pointer"], &wrong["code"]), (&json!(pointer), &json!(code)));
        }
        bob.patch(path, json!({ "digest": { "frequency": "often" } })).await.was(422);
    })
    .await;
}

/// More than are told at once.
const MANY: usize = 55;

#[tokio::test]
async fn many_are_told_by_a_job_and_each_of_them_once() {
    alone_on_both(async |stage| {
        let alice = stage.alice();
        let crowd = group(&alice, "crowd", "Crowd").await;
        let mut people = Vec::new();
        for number in 0..MANY {
            let name: &'static str = Box::leak(format!("member{number}").into_boxed_str());
            let person = sign_up(&stage.nobody(), name).await;
            member(&alice, &crowd, &person, "customer").await;
            people.push(person);
        }
        for title in ["first", "second"] {
            let body = json!({ "groupId": crowd, "title": title, "collapseKey": "news" });
            alice.post("/v1/notifications", body).await.was(202);
        }
        for person in &people {
            let told = until(person, "announcement", |all| all.iter().any(|one| one["count"] == 2));
            assert_eq!(told.await.len(), 1);
        }
        assert_eq!(count(&alice, "announcement").await, 0);
        // Nothing is left of how it was done.
        let jobs = stage.root().get("/v1/jobs?kind=notifications.fan_out").await.was(200).json();
        assert_eq!(jobs["data"].as_array().map(Vec::len), Some(2), "{jobs}");
    })
    .await;
}
