//! Each way to change what is sealed, in the database itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{file, found, furnished, good, note, record, sealed, seq, verify};
use crate::engines::Engine;
use crate::people::Person;
use crate::stage::Stage;
use crate::store;

const TABLES: [&str; 5] = ["events", "event_leaves", "audit_tiles", "audit_checkpoints", "cursors"];

/// Remembers what is there.
async fn remember(stage: &Stage) {
    for table in TABLES {
        store::run(stage, &format!("create table kept_{table} as select * from {table}")).await;
    }
}

/// Puts it back.
async fn put_back(stage: &Stage) {
    for table in TABLES {
        let both = format!("delete from {table}; insert into {table} select * from kept_{table}");
        store::run(stage, &both).await;
    }
}

/// A column of every event, in their order; PostgreSQL has one more.
fn columns(stage: &Stage) -> String {
    let common = "type, actor_id, target_id, target_kind, occurred_at, metadata, request_id, \
                  visibility, owner_id, impersonator_id, thing_id, other_thing_id";
    if stage.engine == Engine::Sqlite { common.to_owned() } else { format!("{common}, xid") }
}

/// Statements, what each is found as, and the event that is named.
type Change = (String, &'static str, Option<i64>);

/// What somebody may do to events, of which two are `one` and `other`.
fn of_events(stage: &Stage, one: i64, other: i64) -> Vec<Change> {
    let columns = columns(stage);
    let altered = |set: &str| {
        (format!("update events set {set} where seq = {one}"), "event_altered", Some(one))
    };
    let gone = format!("delete from events where seq = {one}");
    let moved = |from: i64, to: i64| format!("update events set seq = {to} where seq = {from}");
    let swapped = [moved(one, -1), moved(other, one), moved(-1, other)].join("; ");
    let slipped_in = format!(
        "insert into events (seq, id, group_id, {columns}) \
         select -5, group_id, group_id, {columns} from events where seq = {one}"
    );
    vec![
        altered(r#"metadata = '{"n": 7}'"#),
        altered("occurred_at = occurred_at + 1"),
        altered("actor_id = null"),
        altered("type = 'thing_created'"),
        (gone.clone(), "event_missing", Some(one)),
        (format!("{gone}; delete from event_leaves where seq = {one}"), "deletion_untold", None),
        (swapped, "event_altered", Some(one)),
        (slipped_in, "event_unsealed", Some(-5)),
    ]
}

/// What somebody may do to the tree and its checkpoints.
fn of_the_tree(engine: &Engine) -> Vec<Change> {
    let zeros = match engine {
        Engine::Sqlite => "zeroblob(length(hashes))",
        Engine::Postgres(_) => "decode(repeat('00', octet_length(hashes)), 'hex')",
    };
    let last = "where size = (select max(size) from audit_checkpoints)";
    let change = |statement: String, code| (statement, code, None);
    vec![
        change(format!("update audit_tiles set hashes = {zeros}"), "checkpoint_differs"),
        change("update audit_tiles set hashes = substr(hashes, 1, 64)".to_owned(), "log_cut"),
        change("update audit_tiles set hashes = substr(hashes, 1, 40)".to_owned(), "tile_damaged"),
        change("delete from audit_tiles".to_owned(), "log_cut"),
        change(
            "insert into audit_tiles select 1, 0, hashes from audit_tiles".to_owned(),
            "tiles_differ",
        ),
        change(
            format!(
                "update audit_checkpoints set note = replace(note, 'sixfold/', 'sixfold/a') {last}"
            ),
            "checkpoint_unsigned",
        ),
        change(format!("update audit_checkpoints set note = 'odd' {last}"), "checkpoint_damaged"),
        change(format!("delete from audit_checkpoints {last}"), "checkpoint_missing"),
    ]
}

#[tokio::test]
async fn whatever_is_changed_is_found_with_its_event() {
    for engine in Engine::all() {
        let (mut stage, ids) = furnished(&engine).await;
        let alice = stage.alice();
        let (one, other) = (seq(&alice, &ids[1]).await, seq(&alice, &ids[2]).await);
        stage.server.stop();
        remember(&stage).await;
        good(&verify(&stage.server, &[]));
        let changes = of_events(&stage, one, other).into_iter().chain(of_the_tree(&engine));
        for (change, code, seq) in changes {
            store::run(&stage, &change).await;
            let said = verify(&stage.server, &[]);
            found(&said, code, seq);
            if let Some(seq) = seq {
                assert!(said.err.contains(&format!("Event {seq} ")), "{said:?}");
            }
            put_back(&stage).await;
        }
        good(&verify(&stage.server, &[]));
    }
}

/// Whoever cuts everything off together leaves a log that is good in itself: a checkpoint that was
/// kept elsewhere knows better.
#[tokio::test]
async fn an_end_that_was_cut_off_is_found_with_a_checkpoint_kept_elsewhere() {
    let (mut stage, _) = furnished(&Engine::Sqlite).await;
    let (alice, root) = (stage.alice(), stage.root());
    let shorter = root.get("/v1/audit/checkpoints?limit=1").await.was(200).json();
    let size = shorter["data"][0]["size"].as_u64().expect("a size");
    let signed = shorter["data"][0]["note"].as_str().expect("a note");
    let early = file(&stage.server, "early", signed);
    record(&alice, &root, &stage.acme, 2).await;
    let late = file(&stage.server, "late", &note(&root).await);
    stage.server.stop();
    for kept in [&early, &late] {
        let report = good(&verify(&stage.server, &["--checkpoint", kept]));
        assert!(report["kept"].as_u64() >= Some(size), "{report}");
    }
    assert!(size < 256, "one tile: {size}");
    let cut = format!(
        "delete from events where seq > (select seq from event_leaves where place = {size} - 1); \
         delete from event_leaves where place >= {size}; \
         update audit_tiles set hashes = substr(hashes, 1, {size} * 32); \
         delete from audit_checkpoints where size >= {size}; \
         insert into audit_checkpoints values ({size}, '{signed}', 0); \
         update cursors set seq = (select max(seq) from events) where name = 'audit'"
    );
    store::run(&stage, &cut).await;
    let report = good(&verify(&stage.server, &[]));
    assert_eq!(report["leaves"].as_u64(), Some(size));
    good(&verify(&stage.server, &["--checkpoint", &early]));
    found(&verify(&stage.server, &["--checkpoint", &late]), "log_cut", None);
}

#[tokio::test]
async fn a_server_builds_nothing_on_a_tree_that_was_changed() {
    for engine in Engine::all() {
        let (mut stage, _) = furnished(&engine).await;
        stage.server.stop();
        let before = store::count(&stage, "event_leaves").await;
        let change = "update audit_tiles set hashes = substr(hashes, 1, 32) where level = 0";
        store::run(&stage, change).await;
        stage.server.run();
        let alice = stage.alice().at(stage.server.url()).fresh();
        let note = json!({ "groupId": stage.acme, "type": "note", "name": "goes on" });
        alice.post("/v1/things", note).await.was(201);
        let deadline = std::time::Instant::now() + super::PATIENCE;
        while !stage.server.told().contains("was changed from outside") {
            assert!(std::time::Instant::now() < deadline, "{}", stage.server.told());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        stage.server.stop();
        assert_eq!(store::count(&stage, "event_leaves").await, before);
        found(&verify(&stage.server, &[]), "log_cut", None);
    }
}

/// Somebody makes an event look old enough to go, so that the server would delete it and sign that.
#[tokio::test]
async fn an_event_that_was_made_to_look_old_is_not_deleted() {
    for engine in Engine::all() {
        for refusal in ["audit_event_altered", "audit_not_signed"] {
            let (mut stage, ids) = furnished(&engine).await;
            let (alice, root) = (stage.alice(), stage.root());
            let limits = json!({ "settings": { "limits": { "eventRetentionDays": 30 } } });
            alice.patch(&format!("/v1/groups/{}", stage.acme), limits).await.was(200);
            let one = seq(&alice, &ids[1]).await;
            let proof = sealed(&root, &ids[1]).await;
            stage.server.stop();
            let old = format!("update events set occurred_at = 1000000 where seq = {one}");
            store::run(&stage, &old).await;
            // Its leaf, too, to be put back as soon as the event is gone.
            if refusal == "audit_not_signed" {
                set_leaf(&stage, &proof, &looking_old(&proof)).await;
            }
            stage.server.set("SIXFOLD_RETENTION_EVERY_S", "1");
            stage.server.run();
            let there = root.at(stage.server.url()).fresh();
            given_up(&there, refusal).await;
            stage.server.stop();
            set_leaf(&stage, &proof, &hex_of(proof["leafHash"].as_str().expect("a hash"))).await;
            let report = found(&verify(&stage.server, &[]), "event_altered", Some(one));
            assert_eq!((&report["deleted"], &report["found"]), (&json!(0), &json!(1)), "{report}");
        }
    }
}

/// Three events that are too old; their ids.
async fn too_old(owner: &Person, root: &Person, group: &str) -> Vec<String> {
    let limits = json!({ "settings": { "limits": { "eventRetentionDays": 30 } } });
    owner.patch(&format!("/v1/groups/{group}"), limits).await.was(200);
    let mut ids = Vec::new();
    for day in 1..=3 {
        let body = json!({ "groupId": group, "type": "task_event",
            "timestamp": format!("2014-01-0{day}T00:00:00Z") });
        ids.push(owner.post("/v1/events", body).await.was(201).id());
    }
    sealed(root, &ids[2]).await;
    ids
}

#[tokio::test]
async fn an_altered_event_keeps_the_old_ones_of_its_group_and_of_no_other() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        let (alice, carol, root) = (stage.alice(), stage.carol(), stage.root());
        // Groups are looked through in the order of their ids: the other one comes behind.
        assert!(stage.acme < stage.globex, "Acme was made first");
        let gone = too_old(&carol, &root, &stage.globex).await;
        let kept = too_old(&alice, &root, &stage.acme).await;
        let one = seq(&alice, &kept[0]).await;
        stage.server.stop();
        let altered = format!(r#"update events set metadata = '{{"n": 7}}' where seq = {one}"#);
        store::run(&stage, &altered).await;
        stage.server.set("SIXFOLD_RETENTION_EVERY_S", "1");
        stage.server.run();
        let url = stage.server.url();
        let (alice, carol) = (alice.at(url).fresh(), carol.at(url).fresh());
        given_up(&root.at(url).fresh(), "audit_event_altered").await;
        // The run that was refused has gone through all groups.
        let told = format!("/v1/events?groupId={}&type=events_deleted", stage.globex);
        let told = carol.get(&told).await.was(200).json();
        let counts = told["data"].as_array().into_iter().flatten();
        let count: i64 = counts.filter_map(|one| one["metadata"]["count"].as_i64()).sum();
        assert_eq!(count, 3, "{told}");
        for id in &gone {
            carol.get(&format!("/v1/events/{id}")).await.was(404);
        }
        for id in &kept {
            alice.get(&format!("/v1/events/{id}")).await.was(200);
        }
        stage.server.stop();
        let report = found(&verify(&stage.server, &[]), "event_altered", Some(one));
        assert_eq!((&report["deleted"], &report["found"]), (&json!(3), &json!(1)), "{report}");
        // What is not deleted is not written to a file either, day by day.
        let archive = stage.server.data_dir().join("archive").join("events");
        assert!(archive.join(&stage.globex).exists() && !archive.join(&stage.acme).exists());
    }
}

/// Waits until the job that deletes old events was refused.
async fn given_up(root: &Person, refusal: &str) {
    let said =
        if refusal == "audit_event_altered" { "is not deleted" } else { "nothing is deleted" };
    let deadline = std::time::Instant::now() + super::PATIENCE;
    loop {
        let jobs = root.get("/v1/jobs?kind=world.event_retention").await.was(200).text;
        if jobs.contains(said) {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "{refusal}: {jobs}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// The hash of the leaf the event would have, if it had always been that old.
fn looking_old(proof: &Value) -> String {
    let entry = proof["entry"].as_str().expect("what was hashed");
    let (before, behind) = entry.split_once("\"occurredAt\":").expect("a time");
    let (_, behind) = behind.split_once(',').expect("more");
    let text = format!("{before}\"occurredAt\":1000000,{behind}");
    hex(&Sha256::new().chain_update([0]).chain_update(text).finalize())
}

fn hex_of(base64: &str) -> String {
    hex(&BASE64.decode(base64).expect("base64"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes the hash of a leaf into its tile, the only one there is.
async fn set_leaf(stage: &Stage, proof: &Value, hash: &str) {
    let index = proof["leafIndex"].as_u64().expect("a place");
    assert!(index < 256, "{proof}");
    let hashes = match stage.engine {
        Engine::Sqlite => format!(
            "unhex(substr(hex(hashes), 1, {0}) || '{hash}' || substr(hex(hashes), {0} + 65))",
            index * 64
        ),
        Engine::Postgres(_) => {
            format!("overlay(hashes placing decode('{hash}', 'hex') from {})", index * 32 + 1)
        }
    };
    let set = format!("update audit_tiles set hashes = {hashes} where level = 0 and place = 0");
    store::run(stage, &set).await;
}
