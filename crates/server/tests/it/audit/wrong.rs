//! What the commands say to whoever gives them something else than they need.

use super::{file, furnished, key, note, verify};
use crate::engines::Engine;
use crate::process::{Said, Server, text};
use crate::store;

#[track_caller]
fn refused(said: &Said, exit: i32, code: &str) {
    assert_eq!(said.code, exit, "{said:?}");
    assert!(said.err.contains(code), "{code}: {said:?}");
    assert!(!said.err.contains("panicked") && !said.err.contains("report it"), "{said:?}");
}

#[tokio::test]
async fn each_wrong_input_is_told_by_name() {
    let (mut stage, _) = furnished(&Engine::Sqlite).await;
    let server = &stage.server;
    let kept = file(server, "kept", &note(&stage.root()).await);
    let odd = file(server, "odd", "odd\n");
    let large = file(server, "large", &"x".repeat(70_000));
    let empty = file(server, "empty", "");
    refused(&verify(server, &["--key", "odd"]), 1, "invalid_key");
    refused(&verify(server, &["--checkpoint", &odd]), 1, "invalid_checkpoint");
    refused(&verify(server, &["--checkpoint", &empty]), 1, "invalid_checkpoint");
    refused(&verify(server, &["--checkpoint", &large]), 2, "file_unreadable");
    refused(&verify(server, &["--checkpoint", "/nowhere"]), 2, "file_unreadable");
    refused(&verify(server, &["--file", "/nowhere"]), 1, "file_unreadable");
    for wrong in [&odd, &empty, &kept, &large] {
        refused(&verify(server, &["--file", wrong]), 1, "audit_file_damaged");
    }
    let nowhere = "/nowhere/log.ndjson";
    let export = |to: &str| stage.server.say(&["audit", "export", to, "--json"]);
    refused(&export(nowhere), 1, "output_unwritable");
    refused(&export(&text(server.folder())), 1, "output_unwritable");

    // Without the keys of the log there has to be a public one.
    let public = key(server);
    stage.server.stop();
    let keys = stage.server.data_dir().join("keys");
    let aside = stage.server.data_dir().join("aside");
    std::fs::rename(&keys, &aside).expect("moved");
    refused(&verify(&stage.server, &[]), 2, "key_missing");
    refused(&stage.server.say(&["audit", "key", "--json"]), 3, "keys_missing");
    super::good(&verify(&stage.server, &["--key", &public, "--checkpoint", &kept]));
    std::fs::rename(&aside, &keys).expect("moved back");
    store::run(&stage, "delete from migrations where name = '0037_audit_deletions'").await;
    refused(&verify(&stage.server, &[]), 1, "audit_absent");
}

#[tokio::test]
async fn without_a_database_none_is_made() {
    let server = Server::prepare(&Engine::Sqlite).await;
    let out = text(&server.folder().join("log.ndjson"));
    for command in [&["audit", "verify"][..], &["audit", "key"], &["audit", "export", &out]] {
        let said = server.say(&[command, &["--json"]].concat());
        refused(&said, 3, "database_absent");
    }
    assert!(!server.data_dir().exists());
    assert!(!std::path::Path::new(&out).exists());
}
