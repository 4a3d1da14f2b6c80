//! What hangs on a private thing is as private as the thing: its events, connections, knowledge.

use serde_json::json;

use super::{connect, each, log, note, rows, secret, team, thing};
use crate::people::Person;
use crate::stage::on_both;

/// Everything of a group that somebody sees, as one text.
async fn everything(person: &Person, group: &str) -> String {
    let mut all = String::new();
    for list in ["things", "connections", "events", "knowledge"] {
        for row in person.walk(&format!("/v1/{list}?groupId={group}")).await {
            all.push_str(&row.to_string());
        }
        for row in person.walk(&format!("/v1/{list}")).await {
            all.push_str(&row.to_string());
        }
    }
    all
}

#[tokio::test]
async fn nothing_of_a_private_thing_is_told_to_others() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "private").await;
        let open = note(&bob, &team, "open").await;
        let hidden = secret(&alice, &team, "unspeakable").await;
        let path = format!("/v1/things/{hidden}");
        alice.patch(&path, json!({ "properties": { "content": "unspeakable" } })).await.was(200);
        let out = connect(&alice, "part_of", &hidden, &open).await;
        let body = json!({ "type": "transacted", "fromId": open, "toId": hidden,
            "metadata": { "transactionType": "payment" } });
        let into = alice.post("/v1/connections", body.clone()).await.was(201).id();
        let mut again = body;
        again["strength"] = json!(0.5);
        alice.post("/v1/connections", again).await.was(200);
        let known = json!({ "type": "document", "text": "unspeakable", "sourceThingId": hidden });
        let known = alice.post("/v1/knowledge", known).await.was(201).id();
        let cut = alice.post("/v1/knowledge/embed", json!({ "thingId": hidden })).await.was(200);
        let chunk = cut.text_at("/data/0/id");
        // A label is the group's: that a private thing carries it is not.
        for _ in 0..2 {
            let label = json!({ "type": "label", "text": "topic:x", "sourceThingId": hidden });
            let label = alice.post("/v1/knowledge", label).await;
            assert!(matches!(label.status, 200 | 201), "{label:?}");
        }
        let custom = json!({ "type": "content_event", "targetId": hidden });
        let custom = alice.post("/v1/events", custom).await.was(201).id();
        alice.delete(&path).await.was(204);
        alice.patch(&path, json!({ "status": "active" })).await.was(200);

        let all = everything(&bob, &team).await;
        for secret in ["unspeakable", &hidden, &out, &into, &known, &chunk, &custom] {
            assert!(!all.contains(secret), "Bob sees {secret}");
        }
        let all = everything(&alice, &team).await;
        for secret in ["unspeakable", &hidden, &out, &into, &known, &chunk, &custom] {
            assert!(all.contains(secret), "Alice does not see {secret}");
        }
        let events = each(&rows(&alice, &format!("{path}/events?limit=200")).await, "id");
        assert!(events.len() >= 4, "{events:?}");
        for path in [
            path.clone(),
            format!("{path}/events"),
            format!("{path}/connections"),
            format!("/v1/connections/{out}"),
            format!("/v1/connections/{into}"),
            format!("/v1/connections/from/{hidden}"),
            format!("/v1/connections/to/{hidden}"),
            format!("/v1/knowledge/{known}"),
            format!("/v1/knowledge/{chunk}"),
            format!("/v1/events/{custom}"),
            format!("/v1/events/{}", events[0]),
        ] {
            bob.get(&path).await.was_problem(404, "not_found");
            alice.get(&path).await.was(200);
        }
        for path in [
            format!("/v1/connections/from/{open}"),
            format!("/v1/connections/to/{open}"),
            format!("/v1/things/{open}/connections"),
            format!("/v1/events/target/{hidden}"),
            format!("/v1/knowledge?sourceThingId={hidden}"),
            format!("/v1/knowledge?groupId={team}&sourceThingId={hidden}"),
        ] {
            assert!(rows(&bob, &path).await.is_empty(), "{path}");
            let alices = rows(&alice, &path).await;
            assert!(!alices.is_empty(), "{path}");
        }
        for (path, body) in [
            ("/v1/connections", json!({ "type": "part_of", "fromId": open, "toId": hidden })),
            ("/v1/events", json!({ "type": "content_event", "targetId": hidden })),
            ("/v1/knowledge", json!({ "type": "document", "text": "x", "sourceThingId": hidden })),
            ("/v1/knowledge/embed", json!({ "thingId": hidden })),
        ] {
            bob.post(path, body).await.was_problem(404, "not_found");
        }
    })
    .await;
}

#[tokio::test]
async fn what_becomes_private_takes_its_connections_and_knowledge_along_and_back() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "turning").await;
        let turning = note(&alice, &team, "turning").await;
        let bobs = note(&bob, &team, "bob's").await;
        let edge = connect(&bob, "part_of", &bobs, &turning).await;
        let known = json!({ "type": "document", "text": "words", "sourceThingId": turning });
        let known = alice.post("/v1/knowledge", known).await.was(201).id();
        let path = format!("/v1/things/{turning}");
        let all = [
            path.clone(),
            format!("/v1/connections/{edge}"),
            format!("/v1/knowledge/{known}"),
            format!("/v1/connections/to/{turning}"),
        ];
        for (visibility, status) in [("group", 200), ("private", 404), ("public", 200)] {
            let changed = alice.patch(&path, json!({ "visibility": visibility })).await.was(200);
            for path in &all {
                assert_eq!(bob.get(path).await.status, status, "{visibility} {path}");
                alice.get(path).await.was(200);
            }
            let list = format!("/v1/connections?groupId={team}");
            let found = each(&rows(&bob, &list).await, "id").contains(&edge);
            assert_eq!(found, status == 200, "{visibility}");
            // The step itself tells values that were or are hidden.
            let told = changed.json()["version"].clone();
            let events = log(&bob, &team).await;
            let steps = events.iter().filter(|event| {
                event["targetId"] == turning.as_str() && event["type"] == "thing_updated"
            });
            assert_eq!(steps.count(), 0, "{visibility} {told}");
        }
    })
    .await;
}

#[tokio::test]
async fn between_two_private_things_of_two_people_only_owners_of_the_group_see() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "two-private").await;
        let hers = secret(&alice, &team, "hers").await;
        let his = secret(&bob, &team, "his").await;
        let shared = note(&bob, &team, "shared").await;
        let both = connect(&alice, "part_of", &hers, &his).await;
        let one = connect(&bob, "part_of", &his, &shared).await;
        bob.get(&format!("/v1/connections/{both}")).await.was_problem(404, "not_found");
        bob.get(&format!("/v1/connections/{one}")).await.was(200);
        alice.get(&format!("/v1/connections/{both}")).await.was(200);
        let found = each(&rows(&bob, &format!("/v1/things/{his}/connections")).await, "id");
        assert_eq!(found, [one.clone()]);
        // Alice's is open now: the connection is as private as what is left, Bob's.
        alice.patch(&format!("/v1/things/{hers}"), json!({ "visibility": "group" })).await.was(200);
        bob.get(&format!("/v1/connections/{both}")).await.was(200);
        let vera = stage.vera();
        vera.get(&format!("/v1/connections/{both}")).await.was_problem(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn a_public_thing_shows_visitors_itself_and_not_what_hangs_on_it() {
    on_both(async |stage| {
        let alice = stage.alice();
        let body = json!({ "slug": "open-house", "name": "Open", "type": "community" });
        let open = alice.post("/v1/groups", body).await.was(201).id();
        let body = json!({ "groupId": open, "type": "note", "name": "n", "visibility": "public" });
        let (a, b) = (thing(&alice, body).await, note(&alice, &open, "b").await);
        connect(&alice, "part_of", &a, &b).await;
        let carol = stage.carol();
        carol.get(&format!("/v1/things/{a}")).await.was(200);
        for path in [
            format!("/v1/things/{a}/connections"),
            format!("/v1/things/{a}/events"),
            format!("/v1/connections/from/{a}"),
            format!("/v1/events?groupId={open}"),
            format!("/v1/connections?groupId={open}"),
            format!("/v1/knowledge?groupId={open}"),
        ] {
            assert!(rows(&carol, &path).await.is_empty(), "{path}");
        }
        carol.get(&format!("/v1/people?groupId={open}")).await.was_problem(403, "forbidden");
        carol.get(&format!("/v1/things/{b}")).await.was_problem(404, "not_found");
        let body = json!({ "groupId": open, "type": "note", "name": "n" });
        carol.post("/v1/things", body).await.was_problem(403, "forbidden");
    })
    .await;
}

#[tokio::test]
async fn what_was_told_of_connections_and_knowledge_turns_private_with_their_thing() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "told-before").await;
        let turning = note(&alice, &team, "turning").await;
        let bobs = note(&bob, &team, "bob's").await;
        let edges = [
            connect(&bob, "part_of", &bobs, &turning).await,
            connect(&alice, "owns", &alice.id, &turning).await,
        ];
        let above = note(&alice, &team, "above").await;
        let gone = connect(&alice, "part_of", &turning, &above).await;
        alice.delete(&format!("/v1/connections/{gone}")).await.was(204);
        let known = async |kind: &str, text: &str| {
            let body = json!({ "type": kind, "text": text, "sourceThingId": turning });
            let made = alice.post("/v1/knowledge", body).await;
            assert!(matches!(made.status, 200 | 201), "{made:?}");
            made.id()
        };
        let document = known("document", "words").await;
        let forgotten = known("document", "other words").await;
        alice.delete(&format!("/v1/knowledge/{forgotten}")).await.was(204);
        let free = json!({ "groupId": team, "type": "label", "text": "topic:free" });
        let free = bob.post("/v1/knowledge", free).await.was(201).id();
        let label = known("label", "topic:free").await;
        assert_eq!(label, free);
        let untouched = connect(&bob, "part_of", &bobs, &note(&bob, &team, "more").await).await;
        // Every event that names the thing, wherever it does.
        let naming = async |who: &Person| {
            let mut all = Vec::new();
            for path in [format!("/v1/events?groupId={team}"), "/v1/events".to_owned()] {
                let found = who.walk(&path).await;
                all.push(found.iter().filter(|one| one.to_string().contains(&turning)).count());
            }
            all
        };
        let path = format!("/v1/things/{turning}");
        let before = naming(&bob).await;
        assert!(before[0] >= 8, "{before:?}");
        let one = rows(&bob, &format!("/v1/events/target/{gone}")).await[0]["id"].clone();
        let one = format!("/v1/events/{}", one.as_str().expect("an id"));
        bob.get(&one).await.was(200);
        for (visibility, seen) in [("private", false), ("group", true), ("private", false)] {
            alice.patch(&path, json!({ "visibility": visibility })).await.was(200);
            if seen {
                assert_eq!(naming(&bob).await, before, "what was told is told again");
            } else {
                assert_eq!(naming(&bob).await, [0, 0]);
            }
            assert_eq!(bob.get(&one).await.status, if seen { 200 } else { 404 });
            alice.get(&one).await.was(200);
            for about in edges.iter().chain([&gone, &document, &forgotten]) {
                let path = format!("/v1/events/target/{about}");
                assert_eq!(rows(&bob, &path).await.is_empty(), !seen, "{visibility} {about}");
                assert!(!rows(&alice, &path).await.is_empty(), "{visibility} {about}");
            }
            for about in [&free, &untouched] {
                let path = format!("/v1/events/target/{about}");
                assert!(!rows(&bob, &path).await.is_empty(), "{visibility} {about}");
            }
            let export = format!("/v1/exports?groupId={team}&dimension=events");
            let text = bob.get(&export).await.was(200).text;
            assert_eq!(text.contains(&turning), seen, "{visibility}");
        }
        // Gone for good while it was private, it stays so.
        alice.delete(&format!("{path}?permanent=true")).await.was(204);
        assert_eq!(naming(&bob).await, [0, 0]);
        bob.get(&one).await.was(404);
        alice.get(&one).await.was(200);
    })
    .await;
}
