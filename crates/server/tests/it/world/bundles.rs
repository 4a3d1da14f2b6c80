//! A group's export, imported elsewhere as a copy.

mod hostile;
mod people;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::imports::{import, send, state};
use super::{below, connect, log, note, rows, secret, team, thing};
use crate::people::{Answer, Person};
use crate::stage::{Stage, group, on_both};

/// The lines of a group's export.
async fn exported(owner: &Person, group: &str) -> Vec<Value> {
    let text = super::exports::exported(owner, group).await.text;
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn text(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn bundle(target: &str) -> Value {
    json!({ "groupId": target, "format": "bundle" })
}

/// Imports lines below a group; how it ended.
async fn copied(owner: &Person, target: &str, lines: &[Value]) -> Value {
    let id = import(owner, bundle(target)).await;
    send(owner, &id, 0, text(lines)).await.was(200).json()
}

/// Line, code and pointer of what was refused.
async fn told(owner: &Person, import: &Value) -> Vec<(u64, String, String)> {
    let id = import["id"].as_str().expect("an id");
    rows(owner, &format!("/v1/imports/{id}/errors?limit=200"))
        .await
        .iter()
        .map(|one| {
            let text = |key: &str| one["errors"][0][key].as_str().unwrap_or_default().to_owned();
            (one["line"].as_u64().expect("a line"), text("code"), text("pointer"))
        })
        .collect()
}

/// Lines without what a copy changes: each id is what its object is called, times and slugs are
/// gone. Called so that two things of one name would be told.
fn shape(lines: &[Value]) -> BTreeSet<String> {
    let mut names = BTreeMap::new();
    for line in lines {
        let name = match line["kind"].as_str().unwrap_or_default() {
            "group" | "thing" => format!("{}:{}", line["kind"], line["name"]),
            "knowledge" => format!("{}:{}", line["text"], line["chunk"]),
            "connection" => "connection".to_owned(),
            _ => continue,
        };
        names.insert(line["id"].as_str().expect("an id").to_owned(), name);
    }
    lines.iter().map(|line| plain(line, &names).to_string()).collect()
}

fn plain(value: &Value, names: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => names.get(text).map_or_else(|| value.clone(), |name| json!(name)),
        Value::Array(all) => all.iter().map(|one| plain(one, names)).collect(),
        Value::Object(all) => all
            .iter()
            .filter(|(key, _)| !(key.ends_with("At") || key.as_str() == "slug"))
            .map(|(key, value)| (key.clone(), plain(value, names)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        _ => value.clone(),
    }
}

/// A group of Alice's with something of everything in it, and groups below; Bob works there and
/// Vera may look.
async fn furnished(stage: &Stage, slug: &str) -> String {
    let (alice, bob) = (stage.alice(), stage.bob());
    let top = team(stage, slug).await;
    let lab = below(&alice, &top, &format!("{slug}-lab")).await;
    let attic = below(&alice, &top, &format!("{slug}-attic")).await;
    let put = async |path: String, body: Value| {
        let request = alice.request(reqwest::Method::PUT, &path).json(&body);
        let answer = alice.send(request).await;
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    };
    let part = json!({ "properties": { "sku": { "type": "string" } }, "unique": ["sku"] });
    put(format!("/v1/groups/{top}/types/thing/part"), part).await;
    let made_of = json!({ "from": ["part"], "to": "*", "acyclic": true });
    put(format!("/v1/groups/{top}/types/connection/made_of"), made_of).await;
    put(format!("/v1/groups/{attic}/types/event/part_dusted"), json!({})).await;
    let role = json!({ "permissions": ["things:read", "things:create"] });
    put(format!("/v1/groups/{top}/roles/editor"), role).await;
    let seat = json!({ "groupId": lab, "personId": bob.id, "role": "group_user",
        "permissions": ["people:read"] });
    alice.post("/v1/people", seat).await.was(201);
    let seat = json!({ "groupId": attic, "personId": stage.vera().id, "role": "group_owner" });
    alice.post("/v1/people", seat).await.was(201);
    let editor = json!({ "groupId": top, "role": "editor" });
    alice.patch(&format!("/v1/people/{}", stage.vera().id), editor).await.was(200);

    let whole = json!({ "groupId": lab, "type": "part", "name": "whole",
        "properties": { "sku": "w-1", "more": [1, 2.5, null, { "ü": "\"q\"" }] } });
    let whole = thing(&alice, whole).await;
    let child = json!({ "groupId": lab, "type": "part", "name": "child", "parentId": whole,
        "visibility": "private" });
    let child = thing(&alice, child).await;
    let clock = note(&alice, &attic, "clock").await;
    let gone = note(&bob, &top, "gone").await;
    alice.delete(&format!("/v1/things/{gone}")).await.was(204);
    let told = note(&bob, &top, "told").await;
    let change = json!({ "status": "published", "name": "told twice" });
    alice.patch(&format!("/v1/things/{told}"), change).await.was(200);
    let secret = secret(&bob, &top, "secret").await;
    connect(&alice, "made_of", &whole, &child).await;
    connect(&bob, "owns", &bob.id, &told).await;
    connect(&alice, "made_of", &whole, &clock).await;

    let knows = async |person: &Person, body: Value| {
        let made = person.post("/v1/knowledge", body).await;
        assert!(matches!(made.status, 200 | 201), "{made:?}");
    };
    let label = |thing: &str| json!({ "groupId": lab, "type": "label", "text": "topic:parts", "sourceThingId": thing });
    knows(&alice, label(&whole)).await;
    knows(&alice, label(&child)).await;
    knows(&bob, json!({ "groupId": top, "type": "document", "text": "How \"parts\" fit." })).await;
    knows(&bob, json!({ "type": "document", "text": "Not for all.", "sourceThingId": secret }))
        .await;
    let long = "A sentence about parts and how they fit together. ".repeat(80);
    alice.post("/v1/knowledge/embed", json!({ "groupId": lab, "text": long })).await.was(200);
    alice.delete(&format!("/v1/groups/{attic}")).await.was(204);
    top
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_exports_what_was_imported() {
    on_both(async |stage| {
        let alice = stage.alice();
        let source = furnished(stage, "copy-from").await;
        let first = exported(&alice, &source).await;
        let kinds: BTreeSet<&str> = first.iter().filter_map(|line| line["kind"].as_str()).collect();
        assert_eq!(kinds.len(), 12, "every kind of line: {kinds:?}");
        let target = group(&alice, "copy-to", "Target").await;

        let mut dry = bundle(&target);
        dry["dryRun"] = true.into();
        let dry = import(&alice, dry).await;
        let rehearsed = send(&alice, &dry, 0, text(&first)).await.was(200).json();
        assert_eq!(rehearsed["copyId"], Value::Null, "{rehearsed}");
        let children = format!("/v1/groups/{target}/children");
        assert_eq!(rows(&alice, &children).await.len(), 0, "a rehearsal keeps nothing");

        let done = copied(&alice, &target, &first).await;
        assert_eq!((&done["state"], &done["failed"]), (&json!("done"), &json!(0)), "{done}");
        assert_eq!(told(&alice, &done).await, []);
        for count in ["created", "unchanged", "failed", "lines"] {
            assert_eq!(done[count], rehearsed[count], "{count}: {done} {rehearsed}");
        }
        let copy = done["copyId"].as_str().expect("the copy").to_owned();
        let found = rows(&alice, &children).await;
        assert_eq!((found.len(), &found[0]["id"]), (1, &json!(copy)));
        assert_eq!(found[0]["slug"], "copy-from-2", "the slug was taken");

        let second = exported(&alice, &copy).await;
        let (one, other) = (shape(&first), shape(&second));
        assert_eq!(one, other);
        let ids = |lines: &[Value]| -> BTreeSet<String> {
            let made = lines.iter().filter(|line| line["kind"] != "person");
            made.filter_map(|line| line["id"].as_str().map(str::to_owned)).collect()
        };
        assert!(ids(&first).is_disjoint(&ids(&second)), "all ids are made anew");
        let order = |lines: &[Value]| -> Vec<String> {
            let of = lines.iter().filter(|line| line["kind"] == "thing");
            of.map(|line| line["name"].to_string()).collect()
        };
        assert_eq!(order(&first), order(&second));
        // What happened to the copy is told of the copy, by whoever made it.
        let log = log(&alice, &copy).await;
        assert!(log.iter().all(|event| event["actorId"] == json!(alice.id)), "{log:?}");
        assert!(log.iter().any(|event| event["type"] == "thing_created"));
        assert!(!log.iter().any(|event| event["type"] == "thing_archived"));
        // Once more is another copy.
        let again = copied(&alice, &target, &second).await;
        let third = exported(&alice, again["copyId"].as_str().expect("one more")).await;
        assert_eq!(shape(&third), one);
        assert_eq!(exported(&alice, &source).await, first, "the source is as it was");
    })
    .await;
}

/// Many things, each below one before it.
fn chained(many: usize) -> Vec<Value> {
    let id = |kind: u8, number: usize| format!("01900000-0000-7000-8000-{kind:02}{number:010}");
    let mut lines = vec![json!({ "kind": "group", "id": id(1, 0), "slug": "cut-copy", "name": "C",
        "type": "business" })];
    for number in 0..many {
        let mut line = json!({ "kind": "thing", "id": id(2, number), "groupId": id(1, 0),
            "type": "note", "name": format!("note {number}") });
        if number % 50 > 0 {
            line["parentId"] = id(2, number - 1).into();
        }
        lines.push(line);
    }
    lines
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_comes_in_parts_and_no_line_is_taken_twice() {
    on_both(async |stage| {
        let alice = stage.alice();
        let target = group(&alice, "copy-parts", "Target").await;
        let bytes = text(&chained(2500)).into_bytes();
        let mut new = bundle(&target);
        new["totalBytes"] = bytes.len().into();
        let id = import(&alice, new).await;
        let mut offset = 0;
        for end in [bytes.len() / 3, bytes.len() * 2 / 3, bytes.len()] {
            let part = bytes[offset..end].to_vec();
            let answer = send(&alice, &id, offset as u64, part).await.was(200).json();
            offset = usize::try_from(answer["offsetBytes"].as_u64().expect("a number")).unwrap();
            assert!(offset > end - 300 && offset <= end, "{answer}");
        }
        let done = state(&alice, &id).await;
        assert_eq!((&done["state"], &done["percent"]), (&json!("done"), &json!(100)), "{done}");
        assert_eq!((&done["created"], &done["failed"]), (&json!(2501), &json!(0)), "{done}");
        let copy = done["copyId"].as_str().expect("the copy");
        let things = alice.walk(&format!("/v1/things?groupId={copy}")).await;
        let names: BTreeSet<String> = things.iter().map(|one| one["name"].to_string()).collect();
        assert_eq!((things.len(), names.len()), (2500, 2500));
        let parents = things.iter().filter(|one| !one["parentId"].is_null()).count();
        assert_eq!(parents, 2450);

        // A rehearsal is one transaction, so it is one request of bounded size.
        let mut dry = bundle(&target);
        (dry["dryRun"], dry["totalBytes"]) = (true.into(), bytes.len().into());
        let id = import(&alice, dry).await;
        let part = send(&alice, &id, 0, bytes[..1000].to_vec()).await;
        super::refused(part, "totalBytes", "one_request");
        let done = send(&alice, &id, 0, bytes).await.was(200).json();
        assert_eq!((&done["created"], &done["failed"]), (&json!(2501), &json!(0)), "{done}");
        // As many lines as are tried together, blank ones among them, and one more.
        for (blank, state, created) in [(9996, "done", 4), (9997, "failed", 0)] {
            let mut dry = bundle(&target);
            dry["dryRun"] = true.into();
            let id = import(&alice, dry).await;
            let lines = text(&chained(3)) + &"\n".repeat(blank);
            let ended = send(&alice, &id, 0, lines).await.was(200).json();
            let wanted = (&json!(state), &json!(created));
            assert_eq!((&ended["state"], &ended["created"]), wanted, "{ended}");
        }

        let id = import(&alice, bundle(&target)).await;
        alice.post(&format!("/v1/imports/{id}/cancel"), json!({})).await.was(200);
        send(&alice, &id, 0, "").await.was_problem(409, "import_ended");
        assert_eq!(rows(&alice, &format!("/v1/groups/{target}/children")).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_bundle_is_for_owners_in_person() {
    on_both(async |stage| {
        let alice = stage.alice();
        let team = team(stage, "copy-who").await;
        let ask = async |person: &Person, body: Value| -> Answer {
            person.post("/v1/imports", body).await
        };
        ask(&stage.bob(), bundle(&team)).await.was_problem(403, "forbidden");
        ask(&stage.vera(), bundle(&team)).await.was_problem(403, "forbidden");
        ask(&stage.carol(), bundle(&team)).await.was_problem(404, "not_found");
        ask(&stage.nobody(), bundle(&team)).await.was_problem(401, "unauthenticated");
        let admin = json!({ "groupId": team, "role": "admin" });
        alice.patch(&format!("/v1/people/{}", stage.bob().id), admin).await.was(200);
        ask(&stage.bob(), bundle(&team)).await.was_problem(403, "forbidden");
        let key = json!({ "name": "k", "groupId": team, "permissions": ["*"] });
        let key = alice.post("/v1/api-keys", key).await.was(201).text_at("/key");
        let by_key = Person { token: Some(key), ..stage.nobody() };
        ask(&by_key, bundle(&team)).await.was_problem(403, "forbidden");
        for (field, value, code) in [
            ("dimension", json!("things"), "not_applicable"),
            ("type", json!("note"), "not_applicable"),
            ("key", json!("id"), "not_applicable"),
            ("mapping", json!({ "a": "name" }), "not_applicable"),
        ] {
            let mut wrong = bundle(&team);
            wrong[field] = value;
            super::refused(ask(&alice, wrong).await, &format!("/{field}"), code);
        }
        let rows = json!({ "groupId": team, "format": "ndjson" });
        super::refused(ask(&alice, rows).await, "/dimension", "missing_field");

        // Who is no owner any more gets no further.
        let dora = stage.bob();
        let owner = json!({ "groupId": team, "role": "group_owner" });
        alice.patch(&format!("/v1/people/{}", dora.id), owner.clone()).await.was(200);
        let lines = chained(3);
        let bytes = text(&lines).into_bytes();
        let mut new = bundle(&team);
        new["totalBytes"] = bytes.len().into();
        let id = import(&dora, new).await;
        let half = text(&lines[..2]).into_bytes();
        send(&dora, &id, 0, half.clone()).await.was(200);
        let user = json!({ "groupId": team, "role": "group_user" });
        alice.patch(&format!("/v1/people/{}", dora.id), user).await.was(200);
        let rest = bytes[half.len()..].to_vec();
        send(&dora, &id, half.len() as u64, rest).await.was_problem(403, "forbidden");
    })
    .await;
}
