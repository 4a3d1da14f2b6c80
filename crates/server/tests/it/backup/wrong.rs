//! Everything that can be wrong with a backup: it is said, and nothing has changed.

use std::path::{Path, PathBuf};

use super::{at_rest, bad, create, elsewhere, everything, good};
use crate::process::{Said, Server, text};

/// A copy of a backup with other bytes.
fn altered(made: &Path, name: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> PathBuf {
    let path = made.with_file_name(format!("sixfold-{name}.backup"));
    std::fs::write(&path, change(std::fs::read(made).expect("it"))).expect("a file");
    path
}

/// With another word in its head.
fn said_otherwise(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let head = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1);
    let (end, _) = head.expect("two lines");
    let head = String::from_utf8(bytes[..end].to_vec()).expect("text");
    assert!(head.contains(from), "{head}");
    [head.replacen(from, to, 1).as_bytes(), &bytes[end..]].concat()
}

/// Both ways to read it fail with this code; where there was nothing, there is nothing.
fn refused(server: &Server, path: &Path, more: &[&str], code: &str) {
    let path = text(path);
    for command in ["verify", "restore"] {
        let mut arguments = vec!["backup", command, path.as_str(), "--json"];
        arguments.extend(more);
        let said: Said = server.say(&arguments);
        bad(&said, code);
        assert!(!said.err.contains("panicked"), "{said:?}");
    }
    let left: Vec<_> = everything(&server.data_dir()).into_keys().collect();
    let left: Vec<_> = left.iter().filter(|path| !path.ends_with("sixfold.db.lock")).collect();
    let known = ["root.key", "signing.key", "verify.lock"];
    assert!(left.iter().all(|path| known.iter().any(|name| path.ends_with(name))), "{left:?}");
}

#[tokio::test]
async fn a_file_that_is_not_whole_changes_nothing() {
    let stage = at_rest().await;
    let folder = stage.server.folder().join("backups");
    let made = create(&stage.server, &folder, &["--unencrypted"]);
    let place = elsewhere(&stage.server);
    let half = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
    let flip = |at: fn(usize) -> usize| {
        move |mut bytes: Vec<u8>| {
            let at = at(bytes.len());
            bytes[at] ^= 1;
            bytes
        }
    };
    refused(&place, &folder.join("sixfold-none.backup"), &[], "backup_absent");
    refused(&place, &altered(&made, "empty", |_| Vec::new()), &[], "backup_foreign");
    refused(&place, &stage.server.data_dir().join("sixfold.db"), &[], "backup_foreign");
    refused(&place, &altered(&made, "half", half), &[], "backup_truncated");
    let cut = |bytes: Vec<u8>| bytes[..bytes.len() - 1].to_vec();
    refused(&place, &altered(&made, "cut", cut), &[], "backup_truncated");
    let head = |bytes: Vec<u8>| bytes[..100].to_vec();
    refused(&place, &altered(&made, "head", head), &[], "backup_truncated");
    refused(&place, &altered(&made, "middle", flip(|len| len / 2)), &[], "backup_damaged");
    refused(&place, &altered(&made, "end", flip(|len| len - 2)), &[], "backup_damaged");
    let more = |bytes: Vec<u8>| [bytes.as_slice(), b"more"].concat();
    refused(&place, &altered(&made, "more", more), &[], "backup_damaged");
    let twice = |bytes: Vec<u8>| [bytes.as_slice(), bytes.as_slice()].concat();
    refused(&place, &altered(&made, "twice", twice), &[], "backup_damaged");
    let strange =
        |bytes: Vec<u8>| said_otherwise(&bytes, "\"engine\":\"sqlite\"", "\"engine\":\"\\u001b\"");
    refused(&place, &altered(&made, "strange", strange), &[], "backup_damaged");
    let lie =
        |bytes: Vec<u8>| said_otherwise(&bytes, "\"kind\":\"manual\"", "\"kind\":\"scheduled\"");
    refused(&place, &altered(&made, "lie", lie), &[], "backup_damaged");
    let other = |bytes: Vec<u8>| said_otherwise(&bytes, "sixfold-backup 1", "sixfold-backup 2");
    refused(&place, &altered(&made, "format", other), &[], "backup_newer");
    let newer = |bytes: Vec<u8>| said_otherwise(&bytes, "\"migration\":\"0", "\"migration\":\"9");
    refused(&place, &altered(&made, "newer", newer), &[], "backup_newer");
    good(place.say(&["backup", "verify", &text(&made)]));
}

#[tokio::test]
async fn what_does_not_open_it_changes_nothing() {
    let stage = at_rest().await;
    let folder = stage.server.folder().join("backups");
    let file = |name: &str, text: &str| {
        let path = stage.server.folder().join(name);
        std::fs::write(&path, text).expect("a file");
        crate::process::text(&path)
    };
    let other = good(stage.server.say(&["backup", "new-key"])).out;
    let (other, ours) = (file("other", &other), super::locks::pair(&stage.server));
    let made = create(&stage.server, &folder, &["--recipient", &ours.0]);
    let place = elsewhere(&stage.server);
    refused(&place, &made, &[], "backup_locked");
    refused(&place, &made, &["--identity", &other], "backup_locked");
    let damaged = altered(&made, "locked", |mut bytes| {
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
        bytes
    });
    let own = file("own", &ours.1);
    refused(&place, &damaged, &["--identity", &own], "backup_damaged");
    let cut = altered(&made, "short", |bytes| bytes[..bytes.len() * 3 / 4].to_vec());
    // To the cipher half a chunk is a changed one.
    refused(&place, &cut, &["--identity", &own], "backup_damaged");

    let (right, wrong) = (file("right", "a long passphrase\n"), file("wrong", "another phrase\n"));
    let made = create(&stage.server, &folder, &["--passphrase-file", &right]);
    refused(&place, &made, &[], "backup_locked");
    refused(&place, &made, &["--passphrase-file", &wrong], "backup_locked");
    refused(&place, &made, &["--identity", &own], "backup_locked");
    good(place.say(&["backup", "verify", &text(&made), "--passphrase-file", &right]));
}

#[tokio::test]
async fn what_is_there_is_not_overwritten() {
    let mut stage = at_rest().await;
    let folder = stage.server.folder().join("backups");
    let made = text(&create(&stage.server, &folder, &["--unencrypted"]));
    // Whoever looks whether a server runs leaves its number in the lock.
    let all = || {
        let mut found = everything(&stage.server.data_dir());
        found.retain(|path, _| path.extension().is_none_or(|end| end != "lock"));
        found
    };
    let before = all();
    let restore = ["backup", "restore", &made, "--json"];
    bad(&stage.server.say(&restore), "database_there");
    assert!(all() == before, "nothing has changed");
    stage.server.run();
    bad(&stage.server.say(&restore), "database_in_use");
    let replace = ["backup", "restore", &made, "--replace", "--json"];
    bad(&stage.server.say(&replace), "database_in_use");
    stage.alice().at(stage.server.url()).fresh().get("/v1/groups").await.was(200);
    // A log without its database would become part of the one that is put there.
    let place = elsewhere(&stage.server);
    std::fs::write(place.data_dir().join("sixfold.db-wal"), "of another").expect("a file");
    bad(&place.say(&restore), "database_there");
}

#[tokio::test]
async fn a_backup_is_not_made_by_halves() {
    let stage = at_rest().await;
    let server = &stage.server;
    let folder = text(&server.folder().join("backups"));
    bad(&server.say(&["backup", "create", "--json"]), "backup_not_configured");
    bad(&server.say(&["backup", "list", "--json"]), "backup_not_configured");
    bad(&server.say(&["backup", "list", "/nowhere/at/all", "--json"]), "backup_place_absent");
    let open = ["backup", "create", "--json", "--to", &folder];
    bad(&server.say(&open), "backup_not_encrypted");
    let with_keys = ["backup", "create", "--json", "--to", &folder, "--unencrypted", "--with-keys"];
    bad(&server.say(&with_keys), "keys_need_encryption");
    std::fs::write(server.folder().join("short"), "a word\n").expect("a file");
    let short = text(&server.folder().join("short"));
    let with_word = ["backup", "create", "--json", "--to", &folder, "--passphrase-file", &short];
    bad(&server.say(&with_word), "passphrase_too_short");
    let nobody = ["backup", "create", "--json", "--to", &folder, "--recipient", "age1nobody"];
    bad(&server.say(&nobody), "invalid_recipient");
    std::fs::write(server.folder().join("file"), "").expect("a file");
    let into = text(&server.folder().join("file/below"));
    bad(
        &server.say(&["backup", "create", "--json", "--unencrypted", "--to", &into]),
        "backup_unwritable",
    );
    assert!(!server.folder().join("backups").exists(), "nothing was written");
}
