//! Search: words, phrases, beginnings and exclusions, among what one may see. The index follows
//! the log, so each test waits until its own words are there.

use serde_json::{Value, json};

use super::{connect, each, has_shape, note, refused, secret, team, thing, until};
use crate::people::Person;
use crate::stage::on_both;

async fn found(person: &Person, ask: Value) -> Vec<Value> {
    let answer = person.post("/v1/knowledge/search", ask).await.was(200).json();
    has_shape(&answer, &["data"]);
    answer["data"].as_array().cloned().unwrap_or_default()
}

async fn ids(person: &Person, group: &str, query: &str) -> Vec<String> {
    let mut ids = each(&found(person, json!({ "query": query, "groupId": group })).await, "id");
    ids.sort();
    ids
}

/// Waits until a query finds as many as it should.
async fn settled(person: &Person, group: &str, query: &str, count: usize) {
    let found = until(async || ids(person, group, query).await, |ids| ids.len() == count).await;
    assert_eq!(found.len(), count, "{query}: {found:?}");
}

#[tokio::test]
async fn things_and_knowledge_are_found_in_one_shape() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "found").await;
        let body = json!({ "groupId": team, "type": "blog_post", "name": "Quokka diaries",
            "properties": { "content": "Nothing <b>but</b> & marsupials", "tags": ["wallaby"] } });
        let post = thing(&bob, body).await;
        let text = json!({ "groupId": team, "type": "document",
            "text": "# Heading\n\nThe quokka smiles.", "labels": ["topic:animals"] });
        let text = bob.post("/v1/knowledge", text).await.was(201).id();
        settled(&bob, &team, "quokka", 2).await;
        let all = found(&bob, json!({ "query": "quokka", "groupId": team })).await;
        for one in &all {
            has_shape(one, &["kind", "id", "groupId", "type", "name", "text", "score", "snippet"]);
            assert_eq!(one["groupId"], team.as_str());
            assert!(one["score"].is_f64());
            let snippet = one["snippet"].as_str().unwrap_or_default().to_lowercase();
            assert!(snippet.contains("<mark>quokka</mark>"), "{snippet}");
        }
        assert!(all[0]["score"].as_f64() >= all[1]["score"].as_f64(), "best first");
        let by_kind = |kind: &str| all.iter().find(|one| one["kind"] == kind).cloned();
        let shown = by_kind("thing").expect("the thing");
        assert_eq!(
            (&shown["id"], &shown["type"], &shown["name"], &shown["text"]),
            (&json!(post), &json!("blog_post"), &json!("Quokka diaries"), &Value::Null)
        );
        let shown = by_kind("knowledge").expect("the document");
        assert_eq!(
            (&shown["id"], &shown["type"], &shown["name"]),
            (&json!(text), &json!("document"), &Value::Null)
        );
        assert_eq!(shown["text"], "# Heading\n\nThe quokka smiles.");
        // A snippet is HTML with no other tag than its marks; an engine may leave tags out.
        let other = found(&bob, json!({ "query": "marsupials", "groupId": team })).await;
        let snippet = other[0]["snippet"].as_str().unwrap_or_default();
        assert!(snippet.contains("&amp; <mark>marsupials</mark>"), "{snippet}");
        let plain = snippet.replace("<mark>", "").replace("</mark>", "");
        assert!(!plain.contains(['<', '>', '"']), "{snippet}");
        for (more, wanted) in [
            (json!({ "kinds": ["thing"] }), vec![&post]),
            (json!({ "kinds": ["knowledge"] }), vec![&text]),
            (json!({ "type": "blog_post" }), vec![&post]),
            (json!({ "type": "document" }), vec![&text]),
            (json!({ "type": "course" }), vec![]),
            (json!({ "label": "topic:animals" }), vec![&text]),
            (json!({ "label": "topic:plants" }), vec![]),
        ] {
            let mut ask = json!({ "query": "quokka", "groupId": team });
            for (key, value) in more.as_object().into_iter().flatten() {
                ask[key] = value.clone();
            }
            let ids = each(&found(&bob, ask).await, "id");
            assert_eq!(ids.iter().collect::<Vec<_>>(), wanted, "{more}");
        }
        let one = found(&bob, json!({ "query": "quokka", "groupId": team, "limit": 1 })).await;
        // Scores move with everything else that is in the index.
        assert_eq!(each(&one, "id"), [all[0]["id"].as_str().unwrap_or_default()]);
        // A thing is found by its type's words, its texts and a label it carries.
        assert_eq!(ids(&bob, &team, "blog wallaby").await, [&*post]);
        let label = json!({ "groupId": team, "type": "label", "text": "topic:island",
            "sourceThingId": post });
        bob.post("/v1/knowledge", label).await.was(201);
        let ask = json!({ "query": "quokka", "groupId": team, "label": "topic:island" });
        assert_eq!(each(&found(&bob, ask).await, "id"), [post]);
    })
    .await;
}

#[tokio::test]
async fn a_query_is_read_as_people_type_it() {
    on_both(async |stage| {
        let bob = stage.bob();
        let team = team(stage, "queries").await;
        let a = note(&bob, &team, "red apple pie").await;
        let b = note(&bob, &team, "apple red tart").await;
        let c = note(&bob, &team, "Äpfel und libc6-dev").await;
        settled(&bob, &team, "note", 3).await;
        for (query, wanted) in [
            ("apple", vec![&a, &b]),
            ("APPLE", vec![&a, &b]),
            ("apple red", vec![&a, &b]),
            ("apple pie", vec![&a]),
            ("\"red apple\"", vec![&a]),
            ("\"apple red\"", vec![&b]),
            ("\"red apple", vec![&a]),
            ("app*", vec![&a, &b]),
            ("ap* -pie", vec![&b]),
            ("app", vec![]),
            ("apple -pie", vec![&b]),
            ("apple -\"apple red\"", vec![&a]),
            ("apple -red", vec![]),
            ("apple cherry", vec![]),
            ("äpfel", vec![&c]),
            ("libc6-dev", vec![&c]),
            ("libc6", vec![&c]),
            ("dev-libc6", vec![]),
            ("apple OR cherry", vec![]),
            ("(apple) & 'pie'", vec![&a]),
            ("apple' or 1=1 --", vec![]),
            ("name:apple", vec![]),
            ("* apple ^ \" ", vec![&a, &b]),
        ] {
            let mut wanted: Vec<String> = wanted.into_iter().cloned().collect();
            wanted.sort();
            assert_eq!(ids(&bob, &team, query).await, wanted, "{query}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_field_that_is_wrong_is_named() {
    on_both(async |stage| {
        let bob = stage.bob();
        let with = |key: &str, value: Value| {
            let mut ask = json!({ "query": "x" });
            ask[key] = value;
            ask
        };
        for (ask, pointer, code) in [
            (json!({}), "/query", "missing_field"),
            (with("query", json!("")), "/query", "too_short"),
            (with("query", json!("x".repeat(1001))), "/query", "too_long"),
            (with("query", json!("-x")), "/query", "empty_query"),
            (with("query", json!("!?*\"\"")), "/query", "empty_query"),
            (with("query", json!(7)), "/query", "wrong_type"),
            (with("limit", json!(0)), "/limit", "out_of_range"),
            (with("limit", json!(51)), "/limit", "out_of_range"),
            (with("limit", json!(-1)), "/limit", "invalid_value"),
            (with("limit", json!(1e9)), "/limit", "wrong_type"),
            (with("limit", json!("abc")), "/limit", "wrong_type"),
            (with("kinds", json!([])), "/kinds", "too_short"),
            (with("kinds", json!(["person"])), "/kinds/0", "unknown_value"),
            (with("groupId", json!("x")), "/groupId", "invalid_value"),
            (with("colour", json!("red")), "/colour", "unknown_field"),
        ] {
            refused(bob.post("/v1/knowledge/search", ask).await, pointer, code);
        }
        let ask = json!({ "query": "x" });
        let answer = stage.nobody().post("/v1/knowledge/search", ask).await;
        answer.was_problem(401, "unauthenticated");
    })
    .await;
}

#[tokio::test]
async fn search_follows_what_happens_to_a_thing() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "following").await;
        let id = note(&bob, &team, "firstname").await;
        let path = format!("/v1/things/{id}");
        settled(&bob, &team, "firstname", 1).await;
        bob.patch(&path, json!({ "name": "secondname" })).await.was(200);
        settled(&bob, &team, "secondname", 1).await;
        assert!(ids(&bob, &team, "firstname").await.is_empty());
        bob.patch(&path, json!({ "properties": { "content": "innerword" } })).await.was(200);
        settled(&bob, &team, "innerword", 1).await;
        bob.post("/v1/knowledge/embed", json!({ "thingId": id })).await.was(200);
        settled(&bob, &team, "innerword", 2).await;
        // What is archived is not found, and neither is what was cut from it: at once.
        bob.delete(&path).await.was(204);
        assert!(ids(&bob, &team, "innerword").await.is_empty());
        assert!(ids(&alice, &team, "innerword").await.is_empty());
        bob.patch(&path, json!({ "status": "active" })).await.was(200);
        settled(&bob, &team, "innerword", 2).await;
        alice.delete(&format!("{path}?permanent=true")).await.was(204);
        assert!(ids(&alice, &team, "innerword").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn nobody_finds_what_they_may_not_see() {
    on_both(async |stage| {
        let (alice, bob, vera) = (stage.alice(), stage.bob(), stage.vera());
        let team = team(stage, "hiding").await;
        let hers = secret(&alice, &team, "platypus hidden").await;
        let open = note(&alice, &team, "platypus open").await;
        let public = json!({ "groupId": team, "type": "note", "name": "platypus public",
            "visibility": "public" });
        let public = thing(&alice, public).await;
        let about = |thing: &str| {
            json!({ "type": "document", "text": "platypus text", "sourceThingId": thing })
        };
        let hidden = alice.post("/v1/knowledge", about(&hers)).await.was(201).id();
        let shared = alice.post("/v1/knowledge", about(&open)).await.was(201).id();
        connect(&alice, "part_of", &hers, &open).await;
        settled(&alice, &team, "platypus", 5).await;
        let sorted = |all: &[&String]| {
            let mut all: Vec<String> = all.iter().map(|one| (*one).clone()).collect();
            all.sort();
            all
        };
        assert_eq!(ids(&bob, &team, "platypus").await, sorted(&[&open, &public, &shared]));
        assert_eq!(ids(&vera, &team, "platypus").await, [&*public]);
        let everywhere = json!({ "query": "platypus" });
        assert_eq!(found(&stage.carol(), everywhere.clone()).await, [] as [Value; 0]);
        assert_eq!(found(&bob, everywhere).await.len(), 3);
        // Private from one moment to the next.
        let path = format!("/v1/things/{open}");
        alice.patch(&path, json!({ "visibility": "private" })).await.was(200);
        assert_eq!(ids(&bob, &team, "platypus").await, [&*public]);
        assert_eq!(ids(&alice, &team, "platypus").await.len(), 5);
        alice.patch(&path, json!({ "visibility": "group" })).await.was(200);
        assert_eq!(ids(&bob, &team, "platypus").await, sorted(&[&open, &public, &shared]));
        let deep = super::below(&alice, &team, "hiding-below").await;
        let far = note(&alice, &deep, "platypus far").await;
        let ask = json!({ "query": "far", "groupId": team, "includeChildren": true });
        let found = until(async || found(&alice, ask.clone()).await, |all| all.len() == 1).await;
        assert_eq!(each(&found, "id"), [far]);
        alice.get(&format!("/v1/knowledge/{hidden}")).await.was(200);
    })
    .await;
}
