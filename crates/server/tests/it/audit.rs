//! The sealed event log, from outside: what is verified, offline and over HTTP, and that whatever
//! somebody changes in the database is found.

mod kept;
mod proofs;
mod tampering;
mod wrong;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::engines::Engine;
use crate::people::Person;
use crate::process::{Said, Server, text};
use crate::stage::Stage;
use crate::store;

const PATIENCE: Duration = Duration::from_secs(60);

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Records events, and waits until the last of them is sealed; their ids.
async fn record(person: &Person, root: &Person, group: &str, count: u32) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        let body = json!({ "groupId": group, "type": "task_event", "metadata": { "n": number } });
        ids.push(person.post("/v1/events", body).await.was(201).id());
    }
    sealed(root, ids.last().expect("an event")).await;
    ids
}

/// Waits until an event is sealed; its proof.
async fn sealed(root: &Person, id: &str) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = root.get(&format!("/v1/audit/events/{id}")).await;
        if answer.status == 200 {
            return answer.json();
        }
        assert!(Instant::now() < deadline, "it was never sealed: {answer:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The note of the last checkpoint.
async fn note(root: &Person) -> String {
    root.get("/v1/audit/checkpoint").await.was(200).text
}

/// The place of an event in the log.
async fn seq(person: &Person, id: &str) -> i64 {
    let event = person.get(&format!("/v1/events/{id}")).await.was(200).json();
    event["seq"].as_i64().expect("a place")
}

/// Writes a file beside the data.
fn file(server: &Server, name: &str, content: &str) -> String {
    let path: PathBuf = server.folder().join(name);
    std::fs::write(&path, content).expect("written");
    text(&path)
}

fn verify(server: &Server, more: &[&str]) -> Said {
    let mut arguments = vec!["audit", "verify", "--json"];
    arguments.extend(more);
    server.say(&arguments)
}

/// Nothing was changed; the report.
#[track_caller]
fn good(said: &Said) -> Value {
    assert_eq!(said.code, 0, "{said:?}");
    let report = parsed(&said.out);
    assert_eq!(report["ok"], true, "{report}");
    assert_eq!(report["findings"], json!([]), "{report}");
    report
}

/// Something was, and this is among what is found; the report.
#[track_caller]
fn found(said: &Said, code: &str, seq: Option<i64>) -> Value {
    assert_eq!(said.code, 1, "{code}: {said:?}");
    let report = parsed(&said.out);
    assert_eq!(report["ok"], false, "{report}");
    let findings = report["findings"].as_array().expect("findings");
    let mut named = findings.iter().filter(|one| one["code"] == code);
    assert!(named.any(|one| seq.is_none() || one["seq"].as_i64() == seq), "{code}: {report}");
    assert!(said.err.contains("audit_tampered"), "{said:?}");
    report
}

/// The public key of the log.
fn key(server: &Server) -> String {
    let said = server.say(&["audit", "key"]);
    assert_eq!(said.code, 0, "{said:?}");
    said.out.trim().to_owned()
}

/// A server with some sealed events; their ids.
async fn furnished(engine: &Engine) -> (Stage, Vec<String>) {
    let stage = Stage::open(engine).await;
    let ids = record(&stage.alice(), &stage.root(), &stage.acme, 4).await;
    (stage, ids)
}

#[tokio::test]
async fn a_log_that_nobody_changed_is_good_while_a_server_writes_and_after() {
    for engine in Engine::all() {
        let (mut stage, ids) = furnished(&engine).await;
        let report = good(&verify(&stage.server, &[]));
        let leaves = report["leaves"].as_u64().expect("a number");
        assert!(leaves > ids.len() as u64, "{report}");
        assert_eq!((&report["events"], &report["deleted"]), (&json!(leaves), &json!(0)));
        assert!(report["checkpoints"].as_u64() >= Some(1), "{report}");
        let said = stage.server.say(&["audit", "verify"]);
        assert_eq!((said.code, said.out.contains("Nothing was changed.")), (0, true), "{said:?}");
        stage.server.stop();
        let after = good(&verify(&stage.server, &[]));
        assert!(after["leaves"].as_u64() >= Some(leaves), "{after}");
        // Sealed once, whoever starts again.
        stage.server.run();
        let root = stage.root().at(stage.server.url());
        let alice = stage.alice().at(stage.server.url());
        record(&alice, &root, &stage.acme, 1).await;
        stage.server.stop();
        good(&verify(&stage.server, &[]));
    }
}

/// Both follow the log; each event is sealed by one of them.
#[tokio::test]
async fn of_two_nodes_one_seals_an_event() {
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Sqlite) {
        let mut stage = Stage::open(&engine).await;
        let mut twin = stage.server.twin();
        twin.run();
        for _ in 0..3 {
            let (here, there) = (stage.alice(), stage.alice().at(twin.url()));
            record(&here, &stage.root(), &stage.acme, 3).await;
            record(&there, &stage.root().at(twin.url()), &stage.acme, 3).await;
        }
        good(&verify(&stage.server, &[]));
        stage.server.kill();
        let there = stage.alice().at(twin.url());
        record(&there, &stage.root().at(twin.url()), &stage.acme, 1).await;
        let report = good(&verify(&twin, &[]));
        assert_eq!(report["events"], report["leaves"], "{report}");
        twin.stop();
    }
}

#[tokio::test]
async fn what_retention_deletes_leaves_the_log_whole() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        let (alice, root) = (stage.alice(), stage.root());
        let mut ids = Vec::new();
        for day in 1..=6 {
            let body = json!({ "groupId": stage.acme, "type": "task_event",
                "timestamp": format!("2014-01-0{day}T00:00:00Z") });
            ids.push(alice.post("/v1/events", body).await.was(201).id());
        }
        for id in &ids {
            sealed(&root, id).await;
        }
        let before = file(&stage.server, "before", &note(&root).await);
        let limits = json!({ "settings": { "limits": { "eventRetentionDays": 30 } } });
        alice.patch(&format!("/v1/groups/{}", stage.acme), limits).await.was(200);
        stage.server.stop();
        stage.server.set("SIXFOLD_RETENTION_EVERY_S", "1");
        stage.server.run();
        let (alice, root) = (alice.at(stage.server.url()), root.at(stage.server.url()));
        let told = format!("/v1/events?groupId={}&type=events_deleted", stage.acme);
        let deadline = Instant::now() + PATIENCE;
        let told = loop {
            let told = alice.get(&told).await.was(200).json()["data"][0].clone();
            if !told.is_null() {
                break told;
            }
            assert!(Instant::now() < deadline, "nothing was deleted");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert_eq!(told["metadata"]["count"], 6);
        // The hash of its leaf is all there is.
        root.get(&format!("/v1/audit/events/{}", ids[0])).await.was_problem(404, "not_found");
        let report = good(&verify(&stage.server, &["--checkpoint", &before]));
        assert_eq!(
            (&report["deleted"], &report["deletedTold"]),
            (&json!(6), &json!(6)),
            "{report}"
        );
        let ranges = report["deletedLeaves"].as_array().expect("ranges").len();
        assert!((1..=6).contains(&ranges), "{report}");
        stage.server.stop();
        let said = stage.server.say(&["keys", "rotate-root"]);
        assert_eq!(said.code, 0, "{said:?}");
        let report = good(&verify(&stage.server, &["--checkpoint", &before]));
        assert_eq!(report["deletedTold"], 6, "{report}");
        deleted_by_others(&stage).await;
    }
}

/// Whoever can write the database deletes as the house does, and says so as well as they can.
async fn deleted_by_others(stage: &Stage) {
    let one = store::number(stage, "select min(seq) from event_leaves").await;
    let leaf =
        store::number(stage, &format!("select place from event_leaves where seq = {one}")).await;
    for table in ["event_leaves", "events"] {
        store::run(stage, &format!("delete from {table} where seq = {one}")).await;
    }
    let report = found(&verify(&stage.server, &[]), "deletion_untold", None);
    assert_eq!((&report["found"], &report["findings"][0]["leaf"]), (&json!(1), &json!(leaf)));
    store::run(stage, "create table kept as select * from audit_deletions").await;
    let one_more = format!("note = replace(note, 'deleted ', 'deleted {leaf},')");
    for (set, code) in [
        (one_more.as_str(), "deletion_unsigned"),
        ("size = size + 1", "deletion_differs"),
        ("note = 'odd'", "deletion_damaged"),
        ("size = -size, leaf = -7", "deletion_differs"),
        ("size = 1000000", "log_cut"),
    ] {
        store::run(stage, &format!("update audit_deletions set {set}")).await;
        let report = found(&verify(&stage.server, &[]), code, None);
        assert_eq!((&report["deleted"], &report["deletedTold"]), (&json!(7), &json!(0)), "{set}");
        let back = "delete from audit_deletions; insert into audit_deletions select * from kept";
        store::run(stage, back).await;
    }
    store::run(stage, "delete from audit_deletions").await;
    let report = found(&verify(&stage.server, &[]), "deletion_untold", None);
    assert_eq!(report["found"], 7, "{report}");
}

#[tokio::test]
async fn another_root_key_signs_on_and_older_checkpoints_still_hold() {
    for engine in Engine::all() {
        let (mut stage, _) = furnished(&engine).await;
        let before = file(&stage.server, "before", &note(&stage.root()).await);
        let old = key(&stage.server);
        stage.server.stop();
        let said = stage.server.say(&["keys", "rotate-root"]);
        assert_eq!(said.code, 0, "{said:?}");
        let new = key(&stage.server);
        assert_ne!(old, new);
        good(&verify(&stage.server, &[]));
        stage.server.run();
        let root = stage.root().at(stage.server.url()).fresh();
        let alice = stage.alice().at(stage.server.url()).fresh();
        record(&alice, &root, &stage.acme, 2).await;
        stage.server.stop();
        let report = good(&verify(&stage.server, &["--checkpoint", &before, "--key", &old]));
        assert!(report["checkpoints"].as_u64() >= Some(2), "{report}");
        good(&verify(&stage.server, &["--checkpoint", &before]));
        found(
            &verify(&stage.server, &["--checkpoint", &before, "--key", &new]),
            "kept_unsigned",
            None,
        );
        good(&verify(&stage.server, &["--key", &new]));
        found(&verify(&stage.server, &["--key", &old]), "key_differs", None);
        let out = text(&stage.server.folder().join("log.ndjson"));
        assert_eq!(stage.server.say(&["audit", "export", &out]).code, 0);
        good(&verify(&stage.server, &["--file", &out, "--key", &new]));
        found(&verify(&stage.server, &["--file", &out, "--key", &old]), "key_differs", None);
        // A checkpoint from before and the log of today are by one of both.
        let both = ["--file", &out, "--checkpoint", &before, "--key", &old, "--key", &new];
        good(&verify(&stage.server, &both));
        found(&verify(&stage.server, &both[..6]), "key_differs", None);
        refused_key(&verify(&stage.server, &["--key", &new, "--key", "odd"]));

        // The one that both have signed stays when those of an hour are thinned out.
        let both = "audit_checkpoints where note like '%\n\u{2014} %\n\u{2014} %'";
        assert_eq!(store::count(&stage, both).await, 1);
        let earlier = "update audit_checkpoints set created_at = created_at - 7200000000";
        store::run(&stage, earlier).await;
        stage.server.run();
        let root = stage.root().at(stage.server.url()).fresh();
        let alice = stage.alice().at(stage.server.url()).fresh();
        record(&alice, &root, &stage.acme, 2).await;
        stage.server.stop();
        assert_eq!(store::count(&stage, both).await, 1);
        good(&verify(&stage.server, &["--checkpoint", &before]));
    }
}

fn refused_key(said: &Said) {
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("invalid_key"), "{said:?}");
}

/// On PostgreSQL nobody notices by a file that a server runs.
#[tokio::test]
async fn a_server_with_an_old_root_key_seals_nothing_more() {
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Sqlite) {
        let (stage, _) = furnished(&engine).await;
        let alice = stage.alice();
        let said = stage.server.say(&["keys", "rotate-root"]);
        assert_eq!(said.code, 0, "{said:?}");
        let before = store::count(&stage, "event_leaves").await;
        let body = json!({ "groupId": stage.acme, "type": "task_event" });
        alice.post("/v1/events", body).await.was(201);
        let deadline = Instant::now() + PATIENCE;
        while !stage.server.told().contains("still has the old") {
            assert!(Instant::now() < deadline, "{}", stage.server.told());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(store::count(&stage, "event_leaves").await, before);
        good(&verify(&stage.server, &[]));
    }
}
