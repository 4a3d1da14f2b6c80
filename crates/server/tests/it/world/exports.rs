//! Exports: the list as a file, and a group as lines.

use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::imports::{import, send};
use super::{below, note, secret, team, thing};
use crate::people::{Answer, Person};
use crate::stage::{alone_on_both, group, member, on_both, sign_up};

/// Bytes of a text, nearly: its request has one more field or two.
const MEBIBYTE: usize = (1 << 20) - 1000;

/// The export of a whole group, of which each person has one at a time, and the server two.
pub(super) async fn exported(owner: &Person, group: &str) -> Answer {
    static ONE: Mutex<()> = Mutex::const_new(());
    let _one = ONE.lock().await;
    owner.get(&format!("/v1/groups/{group}/export")).await.was(200)
}

/// The rows of an NDJSON export, which must be whole.
#[track_caller]
pub(super) fn lines(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut rows: Vec<Value> =
        answer.text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let end = rows.pop().expect("a last line");
    assert_eq!(end, json!({"kind": "end", "rows": rows.len()}));
    rows
}

#[tokio::test]
async fn an_export_holds_what_the_list_holds() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "exp-list").await;
        let first = note(&alice, &team, "first").await;
        let hidden = secret(&alice, &team, "hidden").await;
        let last = note(&bob, &team, "last").await;
        let child = below(&alice, &team, "exp-list-below").await;
        let deep = note(&alice, &child, "deep").await;
        let path = format!("/v1/exports?groupId={team}&dimension=things");
        let ids = |answer: &Answer| -> Vec<String> {
            lines(answer).iter().map(|row| row["id"].as_str().unwrap_or_default().into()).collect()
        };
        let whole = alice.get(&path).await;
        assert_eq!(ids(&whole), [first.clone(), hidden.clone(), last.clone()]);
        assert_eq!(whole.header("content-type"), "application/x-ndjson");
        assert_eq!(whole.header("content-disposition"), "attachment; filename=\"things.ndjson\"");
        assert_eq!(ids(&bob.get(&path).await), [first.clone(), last.clone()]);
        let tree = format!("{path}&includeChildren=true");
        assert_eq!(ids(&alice.get(&tree).await), [first.clone(), hidden, last, deep]);
        bob.get(&tree).await.was_problem(403, "forbidden");
        stage.carol().get(&path).await.was_problem(404, "not_found");
        stage.nobody().get(&path).await.was_problem(401, "unauthenticated");
        alice.get(&format!("{path}&format=xml")).await.was(422);
        alice.get(&format!("{path}&to=2020-01-01T00:00:00Z")).await.was(200);
        let none = alice.get(&format!("{path}&to=2020-01-01T00:00:00Z")).await;
        assert_eq!(lines(&none).len(), 0);
        for dimension in ["connections", "people", "events", "knowledge"] {
            let path = format!("/v1/exports?groupId={team}&dimension={dimension}");
            lines(&alice.get(&path).await);
            let csv = alice.get(&format!("{path}&format=csv")).await.was(200);
            assert!(csv.text.starts_with("id,"), "{csv:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_spreadsheet_computes_nothing() {
    on_both(async |stage| {
        let alice = stage.alice();
        let group = group(&alice, "exp-csv", "Csv").await;
        for name in ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "'=1", "plain, \"quoted\"\n"] {
            let body = json!({ "groupId": group, "type": "course", "name": name,
                "properties": { "price": -5, "extra": [1, null], "text": "=1" } });
            thing(&alice, body).await;
        }
        let path = format!("/v1/exports?groupId={group}&dimension=things&type=course&format=csv");
        let text = alice.get(&path).await.was(200).text;
        assert!(text.lines().next().is_some_and(|head| head.contains("properties.price")));
        for cell in text.split([',', '\n']) {
            let formula = cell.trim_start_matches('"').starts_with(['=', '+', '@', '\t', '\r']);
            assert!(!formula, "{cell}");
        }
        assert!(text.contains(",-5,") || text.contains(",-5\n"), "{text}");
        assert!(text.contains(",'-1,"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_type_hides_is_in_no_export() {
    on_both(async |stage| {
        let alice = stage.alice();
        let team = team(stage, "exp-hidden").await;
        let definition = json!({ "properties": { "code": { "type": "string" },
            "pin": { "type": "string" } }, "hidden": ["pin"] });
        let path = format!("/v1/groups/{team}/types/thing/safe");
        let request = alice.request(reqwest::Method::PUT, &path).json(&definition);
        alice.send(request).await.was(200);
        let body = json!({ "groupId": team, "type": "safe", "name": "one",
            "properties": { "code": "a", "pin": "314159" } });
        thing(&alice, body).await;
        let rows = format!("/v1/exports?groupId={team}&dimension=things&type=safe");
        let csv = alice.get(&format!("{rows}&format=csv")).await.was(200).text;
        let head = csv.lines().next().unwrap_or_default();
        assert!(head.ends_with(",properties,properties.code"), "no column for it: {head}");
        let rows = alice.get(&rows).await.was(200).text;
        for text in [rows, csv, exported(&alice, &team).await.text] {
            assert!(text.contains("one") && !text.contains("314159"), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_exported_for_its_owners() {
    on_both(async |stage| {
        let alice = stage.alice();
        let team = team(stage, "exp-whole").await;
        let inside = note(&alice, &team, "inside").await;
        let path = format!("/v1/groups/{team}/export");
        let text = exported(&alice, &team).await.text;
        let first: Value =
            serde_json::from_str(text.lines().next().unwrap_or_default()).expect("JSON");
        assert_eq!((&first["kind"], &first["id"]), (&json!("group"), &json!(team)));
        assert!(text.contains(&inside));
        // The last line tells that nothing is missing, and the others are what it counts.
        let whole = lines(&exported(&alice, &team).await);
        assert_eq!(text.lines().count(), whole.len() + 1);
        stage.bob().get(&path).await.was_problem(403, "forbidden");
        stage.carol().get(&path).await.was_problem(404, "not_found");
        let log = super::log(&alice, &team).await;
        assert_eq!(log.iter().filter(|event| event["type"] == "group_exported").count(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_who_left_a_group_its_export_tells_the_name() {
    on_both(async |stage| {
        let alice = stage.alice();
        let team = team(stage, "exp-left").await;
        let lee = sign_up(&stage.nobody(), "exp-lee").await;
        member(&alice, &team, &lee, "group_user").await;
        let note = note(&lee, &team, "left behind").await;
        let of_lee = |lines: &[Value]| {
            let is_lee = |line: &&Value| line["kind"] == "person" && line["id"] == json!(lee.id);
            lines.iter().find(is_lee).cloned().expect("their line")
        };
        let line = of_lee(&lines(&exported(&alice, &team).await));
        assert_eq!(line["email"], json!(lee.email), "{line}");
        alice.delete(&format!("/v1/people/{}?groupId={team}", lee.id)).await.was(204);
        let whole = exported(&alice, &team).await;
        let line = of_lee(&lines(&whole));
        let wanted = json!({ "kind": "person", "id": lee.id, "displayName": lee.name,
            "metadata": {} });
        assert_eq!(line, wanted);
        assert!(whole.text.contains(&note), "what was theirs is there");
        // Such a line is taken.
        let target = group(&alice, "exp-left-copy", "Copy").await;
        let id = import(&alice, json!({ "groupId": target, "format": "bundle" })).await;
        let done = send(&alice, &id, 0, whole.text).await.was(200).json();
        assert_eq!((&done["state"], &done["failed"]), (&json!("done"), &json!(0)), "{done}");
    })
    .await;
}

/// Their place is free before they are told the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_read_an_export_may_have_the_next() {
    on_both(async |stage| {
        let alice = stage.alice();
        let team = team(stage, "exp-again").await;
        for _ in 0..30 {
            exported(&alice, &team).await;
        }
    })
    .await;
}

/// Each is as much as a page of an export has. On a server of their own: search reads them all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_texts_are_exported_whole_and_in_order() {
    alone_on_both(async |stage| {
        let alice = stage.alice();
        let child = below(&alice, &stage.acme, "exp-long").await;
        let mut wanted = Vec::new();
        for number in 0..40 {
            let group = if number % 2 == 0 { &stage.acme } else { &child };
            // And a short one now and then.
            let words = if number % 8 == 7 { 1 } else { MEBIBYTE / 6 };
            let text = format!("{number}: {}", "words ".repeat(words));
            let body = json!({ "groupId": group, "type": "document", "text": text });
            alice.post("/v1/knowledge", body).await.was(201);
            wanted.push(text);
        }
        let texts = |rows: &[Value]| -> Vec<String> {
            rows.iter().map(|row| row["text"].as_str().unwrap_or_default().to_owned()).collect()
        };
        let path = format!("/v1/exports?groupId={}&dimension=knowledge", stage.acme);
        let tree = lines(&alice.get(&format!("{path}&includeChildren=true")).await);
        assert!(texts(&tree) == wanted, "of the group and below");
        let own: Vec<String> = wanted.iter().step_by(2).cloned().collect();
        assert!(texts(&lines(&alice.get(&path).await)) == own, "of the group");
        let csv = alice.get(&format!("{path}&format=csv")).await.was(200).text;
        assert!(own.iter().all(|text| csv.contains(text)), "as a table");

        let mut whole = lines(&exported(&alice, &stage.acme).await);
        whole.retain(|line| line["kind"] == "knowledge");
        let (mut found, mut wanted) = (texts(&whole), wanted);
        found.sort_unstable();
        wanted.sort_unstable();
        assert!(found == wanted, "with the whole group");
    })
    .await;
}

/// No page is like the one before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_and_large_rows_are_exported_once() {
    on_both(async |stage| {
        let alice = stage.alice();
        let team = team(stage, "exp-sizes").await;
        let child = below(&alice, &team, "exp-sizes-below").await;
        let mut wanted = Vec::new();
        for (many, bytes) in [(600, 10), (10, 200_000), (4, 10), (2, 200_000), (500, 10)] {
            for (group, many) in [(&team, many), (&child, many / 2)] {
                let from = wanted.len();
                let names: Vec<String> = (from..from + many).map(|n| format!("n{n:05}")).collect();
                let properties = json!({ "text": "x".repeat(bytes) });
                let item = |name| json!({ "groupId": group, "type": "note", "name": name, "properties": properties });
                let items: Vec<Value> = names.iter().map(item).collect();
                alice.post("/v1/things/bulk", json!({ "items": items })).await.was(200);
                wanted.extend(names);
            }
        }
        let path = format!("/v1/exports?groupId={team}&dimension=things&includeChildren=true");
        let rows = lines(&alice.get(&path).await);
        let mut names = super::each(&rows, "name");
        names.sort_unstable();
        assert_eq!(names, wanted);
        let ids = super::each(&rows, "id");
        assert!(ids.is_sorted(), "oldest first");
    })
    .await;
}
