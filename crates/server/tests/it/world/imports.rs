//! Imports: rows that arrive in any pieces, and are taken once.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpStream;

use reqwest::Method;
use serde_json::{Value, json};

use super::exports::lines;
use super::{log, note, refused, rows, team};
use crate::people::{Answer, Person};
use crate::stage::{Stage, alone_on_both, group, on_both};

pub(super) async fn import(person: &Person, body: Value) -> String {
    person.post("/v1/imports", body).await.was(201).id()
}

pub(super) async fn send(
    person: &Person,
    id: &str,
    offset: u64,
    bytes: impl Into<reqwest::Body>,
) -> Answer {
    let request = person.request(Method::PUT, &format!("/v1/imports/{id}/data"));
    person.send(request.header("upload-offset", offset).body(bytes)).await
}

pub(super) async fn state(person: &Person, id: &str) -> Value {
    person.get(&format!("/v1/imports/{id}")).await.was(200).json()
}

/// Notes, numbered.
fn notes(count: usize) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        let _ = writeln!(text, r#"{{"type":"note","name":"note {number}"}}"#);
        text
    })
}

async fn exported(person: &Person, group: &str) -> Vec<Value> {
    lines(&person.get(&format!("/v1/exports?groupId={group}&dimension=things")).await)
}

/// Names that are there, none twice.
#[track_caller]
fn distinct(things: &[Value]) -> usize {
    let names: HashSet<&str> = things.iter().filter_map(|thing| thing["name"].as_str()).collect();
    assert_eq!(names.len(), things.len(), "something was imported twice");
    names.len()
}

#[tokio::test]
async fn a_wrong_line_is_told_and_the_others_are_taken() {
    on_both(async |stage| {
        let alice = stage.alice();
        let team = team(stage, "imp-lines").await;
        let mut text = notes(3000);
        text = text.replacen(r#"{"type":"note","name":"note 1499"}"#, "{ broken", 1);
        text = text.replacen("note 1500", &"x".repeat(501), 1);
        text = text.replacen(r#"{"type":"note","name":"note 7"}"#, &"y".repeat((1 << 20) + 1), 1);
        text = text.replacen(r#""name":"note 8""#, r#""name":"x","ownerid":"me""#, 1);
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(b"{\"type\":\"note\",\"name\":\"\xff\"}\n");
        let new = json!({ "groupId": team, "format": "ndjson", "dimension": "things" });
        let rehearsal = import(&alice, {
            let mut new = new.clone();
            new["dryRun"] = true.into();
            new
        })
        .await;
        let id = import(&alice, new).await;
        for (id, kept) in [(rehearsal, 0), (id, 2996)] {
            let done = resume(&alice, &id, &bytes).await;
            assert_eq!(done["state"], "done", "{done}");
            assert_eq!((&done["created"], &done["failed"]), (&json!(2996), &json!(5)), "{done}");
            assert_eq!((&done["lines"], &done["percent"]), (&json!(3001), &json!(100)));
            let errors = rows(&alice, &format!("/v1/imports/{id}/errors")).await;
            let told: Vec<_> = errors
                .iter()
                .map(|one| (one["line"].as_u64(), one["errors"][0]["code"].as_str()))
                .collect();
            let code = |line, code| (Some(line), Some(code));
            assert_eq!(told[0], code(8, "line_too_long"));
            assert_eq!(told[1].0, Some(9));
            assert_eq!(told[2], code(1500, "malformed_line"));
            assert_eq!(told[3], code(1501, "too_long"));
            assert_eq!(errors[3]["errors"][0]["pointer"], "/name");
            assert_eq!(told[4], code(3001, "invalid_utf8"));
            assert_eq!(distinct(&exported(&alice, &team).await), kept);
        }
        let log = log(&alice, &team).await;
        let count = |kind| log.iter().filter(|event| event["type"] == kind).count();
        assert_eq!((count("import_started"), count("import_finished")), (2, 2));
        assert_eq!(count("thing_created"), 2996);
    })
    .await;
}

#[tokio::test]
async fn a_table_comes_back_as_it_was() {
    on_both(async |stage| {
        let alice = stage.alice();
        let (from, to) =
            (group(&alice, "imp-from", "From").await, group(&alice, "imp-to", "To").await);
        for (name, status) in [("=1+1", "active"), ("'=x", "draft"), ("a, \"b\"\nc", "active")] {
            let body = json!({ "groupId": from, "type": "course", "name": name, "status": status,
                "properties": { "price": -5.5, "slug": "", "extra": [1, "=2"], "n": null } });
            alice.post("/v1/things", body).await.was(201);
        }
        let published = note(&alice, &from, "published").await;
        let change = json!({ "status": "published" });
        alice.patch(&format!("/v1/things/{published}"), change).await.was(200);
        for (format, kind) in [("csv", "&type=course"), ("csv", "&type=note"), ("ndjson", "")] {
            let path = format!("/v1/exports?groupId={from}&dimension=things{kind}&format={format}");
            let file = alice.get(&path).await.was(200).text;
            let new = json!({ "groupId": to, "format": format, "dimension": "things" });
            let id = import(&alice, new).await;
            let done = send(&alice, &id, 0, file).await.was(200).json();
            assert_eq!((&done["state"], &done["failed"]), (&json!("done"), &json!(0)), "{done}");
        }
        let shape = |things: Vec<Value>| {
            let mut all: Vec<String> = things
                .iter()
                .map(|one| {
                    json!([one["type"], one["name"], one["status"], one["properties"]]).to_string()
                })
                .collect();
            all.sort();
            all
        };
        let (from, to) = (shape(exported(&alice, &from).await), shape(exported(&alice, &to).await));
        // Once as a table, once as lines.
        assert_eq!(to, from.iter().flat_map(|one| [one.clone(), one.clone()]).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn rows_with_a_known_id_change_what_is_there() {
    on_both(async |stage| {
        let alice = stage.alice();
        let team = team(stage, "imp-key").await;
        let there = note(&alice, &team, "old").await;
        let same = note(&alice, &team, "same").await;
        let foreign = note(&stage.carol(), &stage.globex, "hers").await;
        let csv = format!(
            "Nr,Title,Price,Junk\n{there},new,7,x\n{same},same,,\n{foreign},mine,1,\n,fresh,2,\n"
        );
        let new = json!({ "groupId": team, "format": "csv", "dimension": "things", "type": "note",
            "key": "id", "mapping": { "Nr": "id", "Title": "name", "Price": "properties.price",
            "Junk": null } });
        let id = import(&alice, new).await;
        let done = send(&alice, &id, 0, csv).await.was(200).json();
        let counts = ["created", "updated", "unchanged", "failed"].map(|key| done[key].as_u64());
        assert_eq!(counts, [Some(2), Some(1), Some(1), Some(0)], "{done}");
        let hers = stage.carol().get(&format!("/v1/things/{foreign}")).await.was(200).json();
        assert_eq!(hers["name"], "hers");
        let changed = alice.get(&format!("/v1/things/{there}")).await.was(200).json();
        assert_eq!(
            (&changed["name"], &changed["properties"]["price"]),
            (&json!("new"), &json!("7"))
        );
    })
    .await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused_before_anything_is_taken() {
    on_both(async |stage| {
        let (alice, bob, vera) = (stage.alice(), stage.bob(), stage.vera());
        let team = team(stage, "imp-wrong").await;
        let new = |format: &str| {
            json!({ "groupId": team, "format": format, "dimension": "things", "type": "note" })
        };
        vera.post("/v1/imports", new("csv")).await.was_problem(403, "forbidden");
        stage.carol().post("/v1/imports", new("csv")).await.was_problem(404, "not_found");
        let mut wrong = new("ndjson");
        wrong["mapping"] = json!({ "a": "name" });
        refused(alice.post("/v1/imports", wrong).await, "/mapping", "not_applicable");
        let mut wrong = new("ndjson");
        wrong["totalBytes"] = u64::MAX.into();
        refused(alice.post("/v1/imports", wrong).await, "/totalBytes", "out_of_range");

        let id = import(&bob, new("ndjson")).await;
        let data = format!("/v1/imports/{id}/data");
        let packed = bob.request(Method::PUT, &data).header("content-encoding", "gzip");
        bob.send(packed.body("x")).await.was_problem(415, "wrong_content_type");
        send(&bob, &id, 5, "{}").await.was_problem(409, "wrong_offset");
        send(&alice, &id, 0, "{}").await.was_problem(403, "forbidden");
        send(&vera, &id, 0, "{}").await.was_problem(404, "not_found");
        bob.post(&format!("/v1/imports/{id}/cancel"), json!({})).await.was(200);
        send(&bob, &id, 0, "{}").await.was_problem(409, "import_ended");

        let id = import(&bob, new("csv")).await;
        let failed = send(&bob, &id, 0, "name,colour\na,b\n").await.was(200).json();
        assert_eq!((&failed["state"], &failed["created"]), (&json!("failed"), &json!(0)));
        assert!(failed["problem"].as_str().is_some_and(|text| text.contains("colour")));

        let mut strict = new("ndjson");
        strict["maxErrors"] = 1.into();
        let id = import(&bob, strict).await;
        let failed = send(&bob, &id, 0, "{\n{\n{\n").await.was(200).json();
        assert_eq!(failed["state"], "failed", "{failed}");
        assert_eq!(rows(&bob, &format!("/v1/imports?groupId={team}")).await.len(), 3);
        assert_eq!(exported(&alice, &team).await.len(), 0);
    })
    .await;
}

/// Sends a part of the bytes, and hands back the connection that still waits for the rest.
fn begin(stage: &Stage, person: &Person, id: &str, bytes: &[u8], part: usize) -> TcpStream {
    let host = stage.server.url().trim_start_matches("http://");
    let mut pipe = TcpStream::connect(host).expect("a connection");
    let token = person.token.as_deref().unwrap_or_default();
    let all = bytes.len();
    write!(
        pipe,
        "PUT /v1/imports/{id}/data HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
         content-length: {all}\r\n\r\n"
    )
    .and_then(|()| pipe.write_all(&bytes[..part]))
    .expect("it is sent");
    pipe
}

/// Sends a part of the bytes until something of it was taken: a busy server may give up on a part
/// before.
async fn under_way(stage: &Stage, person: &Person, id: &str, bytes: &[u8]) -> TcpStream {
    loop {
        let pipe = begin(stage, person, id, bytes, bytes.len() * 3 / 5);
        pipe.set_nonblocking(true).expect("a socket");
        let answered = || pipe.peek(&mut [0]).is_ok();
        while !answered() {
            if state(person, id).await["offsetBytes"] != 0 {
                return pipe;
            }
        }
    }
}

/// Goes on until the end. What was under way may move the import meanwhile, and a busy server may
/// have taken a part before it said so.
async fn resume(person: &Person, id: &str, bytes: &[u8]) -> Value {
    loop {
        let offset = state(person, id).await["offsetBytes"].as_u64().expect("an offset");
        let rest = bytes[usize::try_from(offset).expect("small")..].to_vec();
        let answer = send(person, id, offset, rest).await;
        if !matches!(answer.status, 409 | 503) {
            return answer.was(200).json();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_cut_goes_on_and_nothing_is_taken_twice() {
    on_both(async |stage| {
        let alice = stage.alice();
        let group = group(&alice, "imp-cut", "Cut").await;
        let text = notes(5000).into_bytes();
        let new = json!({ "groupId": group, "format": "ndjson", "dimension": "things" });
        let id = import(&alice, new).await;
        let pipe = under_way(stage, &alice, &id, &text).await;
        drop(pipe);
        let done = resume(&alice, &id, &text).await;
        assert_eq!((&done["state"], &done["created"]), (&json!("done"), &json!(5000)), "{done}");
        assert_eq!(distinct(&exported(&alice, &group).await), 5000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_survives_kill_nine() {
    alone_on_both(async |mut stage| {
        let alice = stage.alice();
        let text = (0..5000).fold("type,name\n".to_owned(), |mut text, number| {
            let _ = writeln!(text, "note,\"note\n{number}\"");
            text
        });
        let text = text.into_bytes();
        let new = json!({ "groupId": stage.acme, "format": "csv", "dimension": "things" });
        let id = import(&alice, new).await;
        let pipe = under_way(&stage, &alice, &id, &text).await;
        stage.server.kill();
        drop(pipe);
        stage.server.run();
        let alice = alice.at(stage.server.url()).fresh();
        let done = resume(&alice, &id, &text).await;
        assert_eq!((&done["state"], &done["created"]), (&json!("done"), &json!(5000)), "{done}");
        assert_eq!(distinct(&exported(&alice, &stage.acme).await), 5000);
    })
    .await;
}

#[tokio::test]
async fn of_an_import_that_goes_over_a_quota_what_fits_is_taken() {
    on_both(async |stage| {
        let alice = stage.alice();
        let body = json!({ "slug": "imp-full", "name": "Full", "type": "business",
            "settings": { "limits": { "things": 1200 } } });
        let group = alice.post("/v1/groups", body).await.was(201).id();
        let there = note(&alice, &group, "there").await;
        // More than one transaction fits; in the next one a row that changes something needs no
        // room, and stands behind those that found none.
        let mut text = notes(1500);
        text.push_str(&json!({ "id": there, "type": "note", "name": "changed" }).to_string());
        let new = json!({ "groupId": group, "format": "ndjson", "dimension": "things",
            "key": "id" });
        let mut rehearsal = new.clone();
        rehearsal["dryRun"] = true.into();
        // A rehearsal counts across transactions as the import does.
        let id = import(&alice, rehearsal.clone()).await;
        let done = resume(&alice, &id, text.as_bytes()).await;
        let counts = ["created", "updated", "failed", "lines"].map(|name| done[name].as_u64());
        assert_eq!(counts, [1199, 1, 301, 1501].map(Some), "{done}");
        assert_eq!(exported(&alice, &group).await.len(), 1);
        let id = import(&alice, new.clone()).await;
        let done = resume(&alice, &id, text.as_bytes()).await;
        assert_eq!(done["state"], "done", "{done}");
        let counts = ["created", "updated", "failed", "lines"].map(|name| done[name].as_u64());
        assert_eq!(counts, [1199, 1, 301, 1501].map(Some), "{done}");
        assert!(done["problem"].as_str().is_some_and(|text| text.contains("1200 things")));
        assert_eq!(exported(&alice, &group).await.len(), 1200);
        let errors = alice.walk(&format!("/v1/imports/{id}/errors")).await;
        let told: Vec<_> = errors
            .iter()
            .map(|one| (one["line"].as_u64(), one["errors"][0]["code"].as_str()))
            .collect();
        let wanted: Vec<_> =
            (1200..=1500).map(|line| (Some(line), Some("quota_exceeded"))).collect();
        assert_eq!(told, wanted);
        let id = import(&alice, rehearsal).await;
        let done = send(&alice, &id, 0, notes(3)).await.was(200).json();
        assert_eq!((&done["state"], &done["failed"]), (&json!("done"), &json!(3)), "{done}");
        assert!(done["problem"].as_str().is_some_and(|text| text.contains("1200 things")));
        // What has ended says how.
        let ended = send(&alice, &id, 0, notes(1)).await.was_problem(409, "import_ended");
        assert!(ended.text_at("/message").contains("has come to its end"), "{ended:?}");
        let mut strict = new.clone();
        strict["maxErrors"] = 0.into();
        let id = import(&alice, strict).await;
        let done = send(&alice, &id, 0, notes(1)).await.was(200).json();
        assert_eq!(done["state"], "failed", "{done}");
        let ended = send(&alice, &id, 0, notes(1)).await.was_problem(409, "import_ended");
        assert!(ended.text_at("/message").contains("was given up"), "{ended:?}");
        // With more room the same rows are taken.
        let more = json!({ "settings": { "limits": { "things": 1600 } } });
        alice.patch(&format!("/v1/groups/{group}"), more).await.was(200);
        let id = import(&alice, new).await;
        let done = send(&alice, &id, 0, notes(400)).await.was(200).json();
        assert_eq!((&done["created"], &done["failed"]), (&json!(400), &json!(0)), "{done}");
        assert_eq!(done["problem"], Value::Null);
    })
    .await;
}
