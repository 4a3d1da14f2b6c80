//! `sixfold compact`: a new file with the same in it. That nothing else is in it is part of `erasure`.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt as _, symlink};

use serde_json::json;

use crate::engines::Engine;
use crate::stage::Stage;

const KEPT: &str = "marmalade";

/// Things of much text that are deleted again, and one that stays.
async fn fill(stage: &Stage) -> String {
    let alice = stage.alice();
    let mut ids = Vec::new();
    for number in 0..40 {
        let body = json!({
            "groupId": stage.acme, "type": "note", "name": format!("Long {number}"),
            "properties": { "content": format!("{number} zanzibar ").repeat(2000) },
        });
        ids.push(alice.post("/v1/things", body).await.was(201).text_at("/id"));
    }
    let body = json!({ "groupId": stage.acme, "type": "note", "name": KEPT });
    let kept = alice.post("/v1/things", body).await.was(201).text_at("/id");
    for id in ids {
        alice.delete(&format!("/v1/things/{id}")).await.was(204);
    }
    kept
}

#[tokio::test]
async fn everything_is_in_the_new_file_and_it_is_no_larger() {
    let mut stage = Stage::open(&Engine::Sqlite).await;
    let kept = fill(&stage).await;
    let said = stage.server.say(&["compact", "--json"]);
    assert_eq!(said.code, 3, "a server has it: {said:?}");
    assert!(said.err.contains("database_in_use"), "{said:?}");

    stage.server.stop();
    let file = stage.server.data_dir().join("sixfold.db");
    let events = stage.server.say(&["audit", "verify", "--json"]);
    let left = file.with_extension("db.compact");
    std::fs::write(&left, "of one that was killed").expect("written");
    let said = stage.server.say(&["compact", "--json"]);
    assert_eq!(said.code, 0, "{said:?}");
    let told: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(told["bytes"].as_u64(), file.metadata().ok().map(|about| about.len()), "{told}");
    assert!(told["bytes"].as_u64() <= told["bytesBefore"].as_u64(), "{told}");
    assert!(!left.exists(), "nothing is left beside it");
    let again = stage.server.say(&["compact"]);
    assert!(again.code == 0 && again.out.contains("sixfold.db is "), "{again:?}");
    assert_eq!(stage.server.say(&["audit", "verify", "--json"]).out, events.out);
    assert_eq!(stage.server.say(&["doctor"]).code, 0);

    stage.server.run();
    let alice = stage.alice().at(stage.server.url());
    alice.get(&format!("/v1/things/{kept}")).await.was(200);
    let search = json!({ "groupId": stage.acme, "query": KEPT });
    let found = alice.post("/v1/knowledge/search", search).await.was(200).json();
    assert_eq!(found["data"].as_array().map(Vec::len), Some(1), "{found}");

    // Where a link leads to, nothing is left either; and it stays whose it is.
    stage.server.stop();
    let real = stage.server.folder().join("real.db");
    std::fs::rename(&file, &real).expect("moved");
    symlink(&real, &file).expect("a link");
    let before = std::fs::metadata(&real).expect("the database");
    let said = stage.server.say(&["compact", "--json"]);
    assert_eq!(said.code, 0, "{said:?}");
    let after = std::fs::metadata(&real).expect("the database");
    assert!(file.is_symlink() && before.ino() != after.ino(), "it was written anew");
    let whose = |about: &Metadata| (about.mode(), about.uid(), about.gid());
    assert_eq!(whose(&after), whose(&before));
}

#[tokio::test]
async fn a_damaged_file_is_left_as_it_is() {
    let mut stage = Stage::open(&Engine::Sqlite).await;
    fill(&stage).await;
    stage.server.stop();
    let file = stage.server.data_dir().join("sixfold.db");
    let mut torn = std::fs::read(&file).expect("the database");
    // Every page but the first few: whichever is read.
    torn[64 * 1024..].fill(0x5a);
    std::fs::write(&file, &torn).expect("written");
    let said = stage.server.say(&["compact", "--json"]);
    assert_ne!(said.code, 0, "{said:?}");
    assert!(!said.err.contains("panicked"), "{said:?}");
    assert!(!file.with_extension("db.compact").exists(), "nothing is left beside it");
    assert_eq!(std::fs::read(&file).expect("the database"), torn);
}

#[tokio::test]
async fn what_is_no_database_is_said_to_be_none() {
    let mut stage = Stage::open(&Engine::Sqlite).await;
    stage.server.stop();
    let file = stage.server.data_dir().join("sixfold.db");
    for other in ["SQLite", "not a database, whatever its name is"] {
        for end in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", file.display()));
        }
        std::fs::write(&file, other).expect("written");
        let said = stage.server.say(&["compact", "--json"]);
        assert_eq!(said.code, 3, "{said:?}");
        assert!(said.err.contains("not_a_database"), "{said:?}");
        assert_eq!(std::fs::read_to_string(&file).expect("the file"), other);
    }
}
