//! Every change is an event, by itself: who did what to which object, and what of it changed.

use reqwest::Method;
use serde_json::{Value, json};

use super::{below, log, note, rows, team};
use crate::people::{Answer, Person};
use crate::stage::{group, on_both, sign_up};

/// What should be told of one change.
struct Told {
    kind: &'static str,
    target: String,
    metadata: Value,
}

fn told(kind: &'static str, target: impl Into<String>, metadata: Value) -> Told {
    Told { kind, target: target.into(), metadata }
}

/// The events of a group since `from`, against what they should be.
async fn check(person: &Person, group: &str, from: usize, actor: &Person, wanted: &[Told]) {
    let events = log(person, group).await.split_off(from);
    let found: Vec<_> = events.iter().map(|event| event["type"].clone()).collect();
    let kinds: Vec<_> = wanted.iter().map(|one| json!(one.kind)).collect();
    assert_eq!(found, kinds);
    for (event, wanted) in events.iter().zip(wanted) {
        assert_eq!(event["targetId"], wanted.target.as_str(), "{event}");
        assert_eq!(event["actorId"], actor.id.as_str(), "{event}");
        assert_eq!(event["metadata"], wanted.metadata, "{event}");
        assert_eq!(event["groupId"], group, "{event}");
        assert!(event["requestId"].as_str().is_some_and(|id| !id.is_empty()), "{event}");
    }
}

fn change(field: &str, from: impl Into<Value>, to: impl Into<Value>) -> Value {
    json!({ "changes": { field: { "from": from.into(), "to": to.into() } } })
}

/// The type of the object beside what of it changed.
fn with_type(kind: &str, mut metadata: Value) -> Value {
    metadata["type"] = json!(kind);
    metadata
}

#[tokio::test]
async fn the_life_of_a_thing_is_told() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "told-things").await;
        let start = log(&alice, &team).await.len();
        let parent = note(&alice, &team, "parent").await;
        let id = note(&bob, &team, "one").await;
        let path = format!("/v1/things/{id}");
        let change_it = async |body: Value| bob.patch(&path, body).await.was(200);
        change_it(json!({ "name": "two" })).await;
        change_it(json!({ "properties": { "content": "x", "pinned": true } })).await;
        change_it(json!({ "properties": { "content": null } })).await;
        change_it(json!({ "status": "published" })).await;
        change_it(json!({ "visibility": "public", "parentId": parent })).await;
        bob.delete(&path).await.was(204);
        change_it(json!({ "status": "active" })).await;
        let created = told("thing_created", &parent, json!({ "type": "note", "name": "parent" }));
        let events = log(&bob, &team).await;
        assert_eq!(events[start]["actorId"], alice.id.as_str());
        assert_eq!(events[start]["metadata"], created.metadata);
        let updated = |metadata| told("thing_updated", &id, with_type("note", metadata));
        let wanted = [
            told("thing_created", &id, json!({ "type": "note", "name": "one" })),
            updated(change("name", "one", "two")),
            updated(json!({ "changes": {
                "properties.content": { "from": null, "to": "x" },
                "properties.pinned": { "from": null, "to": true },
            } })),
            updated(change("properties.content", "x", Value::Null)),
            updated(change("status", "active", "published")),
            updated(json!({ "changes": {
                "visibility": { "from": "group", "to": "public" },
                "parentId": { "from": null, "to": parent },
            } })),
            told(
                "thing_archived",
                &id,
                with_type("note", change("status", "published", "archived")),
            ),
            told("thing_restored", &id, with_type("note", change("status", "archived", "active"))),
        ];
        check(&bob, &team, start + 1, &bob, &wanted).await;
        alice.delete(&format!("{path}?permanent=true")).await.was(204);
        let gone = json!({ "type": "note", "connections": 0, "knowledge": 0 });
        let end = [told("thing_deleted", &id, gone)];
        check(&bob, &team, start + 1 + wanted.len(), &alice, &end).await;
        // The thing is gone; its history is found by its id.
        let about = rows(&bob, &format!("/v1/events/target/{id}")).await;
        assert_eq!(about.len(), wanted.len() + 1);
    })
    .await;
}

#[tokio::test]
async fn the_life_of_a_group_is_told() {
    on_both(async |stage| {
        let alice = stage.alice();
        let body = json!({ "slug": "told-group", "name": "Told", "type": "business" });
        let id = alice.post("/v1/groups", body).await.was(201).id();
        let path = format!("/v1/groups/{id}");
        let child = below(&alice, &id, "told-group-child").await;
        let patch = async |body: Value| alice.patch(&path, body).await.was(200);
        patch(json!({ "name": "New", "description": "d" })).await;
        patch(json!({ "slug": "told-group-2", "type": "community" })).await;
        patch(json!({ "settings": { "visibility": "public" }, "metadata": { "a": 1 } })).await;
        alice.delete(&format!("{path}?cascade=true")).await.was(204);
        patch(json!({ "status": "active" })).await;
        let updated = |metadata| told("group_updated", &id, metadata);
        let archived = with_type("community", change("status", "active", "archived"));
        check(
            &alice,
            &id,
            0,
            &alice,
            &[
                told(
                    "group_created",
                    &id,
                    json!({ "type": "business", "name": "Told",
                    "slug": "told-group", "parentGroupId": null }),
                ),
                updated(with_type(
                    "business",
                    json!({ "changes": {
                    "name": { "from": "Told", "to": "New" },
                    "description": { "from": null, "to": "d" },
                } }),
                )),
                updated(with_type(
                    "community",
                    json!({ "changes": {
                    "slug": { "from": "told-group", "to": "told-group-2" },
                    "type": { "from": "business", "to": "community" },
                } }),
                )),
                updated(with_type(
                    "community",
                    json!({ "changes": {
                    "settings.visibility": { "from": "private", "to": "public" },
                    "metadata.a": { "from": null, "to": 1 },
                } }),
                )),
                told("entity_archived", &id, archived),
                updated(with_type("community", change("status", "archived", "active"))),
            ],
        )
        .await;
        let archived = with_type("business", change("status", "active", "archived"));
        let created = json!({ "type": "business", "name": "told-group-child",
            "slug": "told-group-child", "parentGroupId": id });
        let wanted =
            [told("group_created", &child, created), told("entity_archived", &child, archived)];
        check(&alice, &child, 0, &alice, &wanted).await;
    })
    .await;
}

#[tokio::test]
async fn who_comes_goes_and_rises_is_told() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = group(&alice, "told-people", "Told").await;
        let add = async |body: Value| {
            let mut body = body;
            body["groupId"] = json!(team);
            alice.post("/v1/people", body).await.was(201).id()
        };
        let known = add(json!({ "personId": bob.id })).await;
        let record = add(json!({ "displayName": "Rec" })).await;
        let asked = add(json!({ "displayName": "Ask", "email": "told@example.org" })).await;
        assert_eq!(known, bob.id);
        let role = json!({ "groupId": team, "role": "customer", "permissions": ["people:read"] });
        alice.patch(&format!("/v1/people/{known}"), role).await.was(200);
        let named = json!({ "displayName": "Rec R", "email": "rec@example.org", "bio": "b",
            "groupId": team });
        alice.patch(&format!("/v1/people/{record}"), named).await.was(200);
        alice.delete(&format!("/v1/people/{asked}?groupId={team}")).await.was(204);
        let member = |role: &str| json!({ "role": role, "permissions": [] });
        let removed = json!({ "role": "group_user", "left": false });
        check(
            &alice,
            &team,
            1,
            &alice,
            &[
                told("user_joined_group", &known, member("group_user")),
                told("person_created", &record, json!({ "displayName": "Rec" })),
                told("user_joined_group", &record, member("group_user")),
                told("person_created", &asked, json!({ "displayName": "Ask" })),
                told("user_invited_to_group", &asked, member("group_user")),
                told(
                    "person_role_changed",
                    &known,
                    json!({
                        "from": "group_user", "to": "customer",
                        "permissions": { "from": [], "to": ["people:read"] },
                    }),
                ),
                // An address is nobody's business.
                told(
                    "profile_updated",
                    &record,
                    json!({ "changes": {
                    "displayName": { "from": "Rec", "to": "Rec R" },
                    "bio": { "from": null, "to": "b" }, "email": {},
                } }),
                ),
                told("user_removed_from_group", &asked, removed),
            ],
        )
        .await;
        bob.delete(&format!("/v1/people/{known}?groupId={team}")).await.was(204);
        let left = json!({ "role": "customer", "left": true });
        check(&alice, &team, 9, &bob, &[told("user_removed_from_group", &known, left)]).await;
        // What is one's own is told in one's own group.
        let tess = sign_up(&stage.nobody(), "tess").await;
        let start = log(&tess, &tess.home).await.len();
        tess.patch(&format!("/v1/people/{}", tess.id), json!({ "bio": "told" })).await.was(200);
        let wanted = [told("profile_updated", &tess.id, change("bio", Value::Null, "told"))];
        check(&tess, &tess.home, start, &tess, &wanted).await;
    })
    .await;
}

#[tokio::test]
async fn connections_and_knowledge_are_told() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "told-rest").await;
        let (a, b) = (note(&bob, &team, "a").await, note(&bob, &team, "b").await);
        let start = log(&alice, &team).await.len();
        let edge = json!({ "type": "part_of", "fromId": a, "toId": b, "strength": 0.5 });
        let edge_id = bob.post("/v1/connections", edge).await.was(201).id();
        let again = json!({ "type": "part_of", "fromId": a, "toId": b, "strength": 0.75,
            "metadata": { "k": "v" } });
        bob.post("/v1/connections", again).await.was(200);
        bob.delete(&format!("/v1/connections/{edge_id}")).await.was(204);
        let keep = async |body: Value| -> Answer {
            let mut body = body;
            body["groupId"] = json!(team);
            bob.post("/v1/knowledge", body).await
        };
        let label = keep(json!({ "type": "label", "text": "topic:told" })).await.was(201).id();
        keep(json!({ "type": "label", "text": "topic:told", "sourceThingId": a })).await.was(200);
        let path = format!("/v1/knowledge/{label}");
        bob.delete(&path).await.was(200);
        keep(json!({ "type": "label", "text": "topic:told" })).await.was(200);
        let text = json!({ "type": "document", "text": "Secret words.", "sourceThingId": b });
        let text = keep(text).await.was(201).id();
        bob.delete(&format!("/v1/knowledge/{text}")).await.was(204);
        let chunk = bob.post("/v1/knowledge/embed", json!({ "thingId": b })).await.was(200);
        let chunk = chunk.text_at("/data/0/id");
        let ends = json!({ "type": "part_of", "fromId": a, "toId": b });
        let mut updated = ends.clone();
        updated["changes"] = json!({ "strength": { "from": 0.5, "to": 0.75 },
            "metadata.k": { "from": null, "to": "v" } });
        let label_is = |more: Value| {
            let mut metadata = json!({ "type": "label", "label": "topic:told" });
            for (key, value) in more.as_object().into_iter().flatten() {
                metadata[key] = value.clone();
            }
            metadata
        };
        let deprecated = |from: bool, to: bool| label_is(change("deprecated", from, to));
        let document = json!({ "type": "document", "sourceThingId": b, "role": "summary" });
        check(
            &alice,
            &team,
            start,
            &bob,
            &[
                told("connection_created", &edge_id, ends.clone()),
                told("connection_updated", &edge_id, updated),
                told("connection_deleted", &edge_id, ends),
                told("knowledge_created", &label, label_is(json!({}))),
                told(
                    "knowledge_updated",
                    &label,
                    label_is(json!({
                    "joined": { "thingId": a, "role": "label" } })),
                ),
                told("knowledge_updated", &label, deprecated(false, true)),
                told("knowledge_updated", &label, deprecated(true, false)),
                told("knowledge_created", &text, document),
                told(
                    "knowledge_deleted",
                    &text,
                    json!({ "type": "document",
                    "sourceThingId": b }),
                ),
                told(
                    "knowledge_created",
                    &chunk,
                    json!({ "type": "chunk",
                    "sourceThingId": b, "role": "chunk_of" }),
                ),
            ],
        )
        .await;
    })
    .await;
}

#[tokio::test]
async fn an_event_names_the_request_that_made_it() {
    on_both(async |stage| {
        let bob = stage.bob();
        let body = json!({ "groupId": stage.acme, "type": "note", "name": "n" });
        let request = bob.request(Method::POST, "/v1/things").header("x-request-id", "told-by-me");
        let made = bob.send(request.json(&body)).await.was(201);
        let (id, name) = (made.id(), made.header("x-request-id"));
        assert!(!name.is_empty() && name != "told-by-me");
        let events = rows(&bob, &format!("/v1/things/{id}/events")).await;
        assert_eq!((events.len(), &events[0]["requestId"]), (1, &json!(name)));
        let one = format!("/v1/events/{}", events[0]["id"].as_str().unwrap_or_default());
        assert_eq!(bob.get(&one).await.was(200).json(), events[0]);
    })
    .await;
}
