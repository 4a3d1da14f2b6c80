//! Each way to change what is sealed, in the database itself.

use serde_json::json;

use super::{file, found, furnished, good, note, record, seq, verify};
use crate::engines::Engine;
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

#[tokio::test]
async fn whatever_is_changed_is_found_with_its_event() {
    for engine in Engine::all() {
        let (mut stage, ids) = furnished(&engine).await;
        let alice = stage.alice();
        let (one, other) = (seq(&alice, &ids[1]).await, seq(&alice, &ids[2]).await);
        stage.server.stop();
        remember(&stage).await;
        let columns = columns(&stage);
        let zeros = match engine {
            Engine::Sqlite => "zeroblob(length(hashes))",
            Engine::Postgres(_) => "decode(repeat('00', octet_length(hashes)), 'hex')",
        };
        let changes: [(String, &str, Option<i64>); 12] = [
            (
                format!("update events set metadata = '{{\"n\": 7}}' where seq = {one}"),
                "event_altered",
                Some(one),
            ),
            (
                format!("update events set occurred_at = occurred_at + 1 where seq = {one}"),
                "event_altered",
                Some(one),
            ),
            (
                format!("update events set actor_id = null where seq = {one}"),
                "event_altered",
                Some(one),
            ),
            (format!("delete from events where seq = {one}"), "event_missing", Some(one)),
            (
                format!(
                    "delete from events where seq = {one}; \
                     delete from event_leaves where seq = {one}"
                ),
                "deletion_untold",
                None,
            ),
            (
                format!(
                    "update events set seq = -1 where seq = {one}; \
                     update events set seq = {one} where seq = {other}; \
                     update events set seq = {other} where seq = -1"
                ),
                "event_altered",
                Some(one),
            ),
            (
                format!(
                    "insert into events (seq, id, group_id, {columns}) \
                     select -5, group_id, group_id, {columns} from events where seq = {one}"
                ),
                "event_unsealed",
                Some(-5),
            ),
            (
                format!("update audit_tiles set hashes = {zeros} where level = 0 and place = 0"),
                "checkpoint_differs",
                None,
            ),
            (
                "update audit_tiles set hashes = substr(hashes, 1, 64) where level = 0 and \
                 place = 0"
                    .to_owned(),
                "log_cut",
                None,
            ),
            ("delete from audit_tiles".to_owned(), "log_cut", None),
            (
                "update audit_checkpoints set note = replace(note, 'sixfold/', 'sixfold/a') \
                 where size = (select max(size) from audit_checkpoints)"
                    .to_owned(),
                "checkpoint_unsigned",
                None,
            ),
            (
                "delete from audit_checkpoints where size = \
                 (select max(size) from audit_checkpoints)"
                    .to_owned(),
                "checkpoint_missing",
                None,
            ),
        ];
        good(&verify(&stage.server, &[]));
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
