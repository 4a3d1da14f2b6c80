//! Backups that somebody deletes by name, the newest one, and everything that is none.

use std::path::PathBuf;

use super::{at_rest, bad, create, good, json, names};
use crate::engines::Engine;
use crate::process::{Server, text};
use crate::stage::Stage;

#[tokio::test]
async fn what_is_named_is_deleted_and_nothing_else() {
    let mut stage = at_rest().await;
    let folder = stage.server.folder().join("backups");
    let made: Vec<_> = (0..4).map(|_| create(&stage.server, &folder, &["--unencrypted"])).collect();
    let name = |at: usize| made[at].file_name().expect("a name").to_string_lossy().into_owned();
    // By its path, where no place is configured.
    let said = good(stage.server.say(&["backup", "delete", &text(&made[0])]));
    assert_eq!(said.out, format!("{} is deleted\n", name(0)));
    // By name at the place, one of them twice; beside a server that runs.
    stage.server.set("SIXFOLD_BACKUP_TO", &text(&folder));
    stage.server.set("SIXFOLD_BACKUP_UNENCRYPTED", "true");
    stage.server.run();
    let delete = ["backup", "delete", &name(1), &name(2), &name(1), "--json"];
    let said = json(&good(stage.server.say(&delete)).out);
    assert_eq!(said["deleted"].as_array().map(Vec::len), Some(2), "{said}");
    assert_eq!(names(&folder), [name(3)]);
    // One that is damaged is one all the same.
    let bytes = std::fs::read(&made[3]).expect("it");
    std::fs::write(&made[3], &bytes[..40]).expect("a file");
    good(stage.server.say(&["backup", "delete", &name(3)]));
    assert!(names(&folder).is_empty());
}

#[tokio::test]
async fn what_is_no_backup_is_not_deleted() {
    let (stage, folder) = with_a_place().await;
    let made = text(&create(&stage.server, &folder, &["--unencrypted"]));
    std::fs::write(folder.join("letters.txt"), "not even alike").expect("a file");
    std::fs::write(folder.join("sixfold-other.backup"), "not ours").expect("a file");
    std::fs::copy(&made, folder.join("renamed.copy")).expect("a file");
    std::fs::copy(&made, folder.join(".sixfold-1.backup.part")).expect("a file");
    std::fs::create_dir(folder.join("sixfold-folder.backup")).expect("a folder");
    let before = names(&folder);
    let database = text(&stage.server.data_dir().join("sixfold.db"));
    for (backup, code) in [
        ("letters.txt", "backup_foreign"),
        ("sixfold-other.backup", "backup_foreign"),
        ("renamed.copy", "backup_foreign"),
        (".sixfold-1.backup.part", "backup_foreign"),
        ("sixfold-folder.backup", "backup_unreadable"),
        ("sixfold-none.backup", "backup_absent"),
        ("..", "backup_foreign"),
        ("/nowhere/at/all/sixfold-1.backup", "backup_absent"),
        (&database, "backup_foreign"),
        ("ftp://host/sixfold-1.backup", "invalid"),
        ("", "backup_foreign"),
        ("s3:///sixfold-1.backup", "invalid"),
    ] {
        // Beside one that could be deleted.
        let said = stage.server.say(&["backup", "delete", &made, backup, "--json"]);
        assert_ne!(said.code, 0, "{backup}: {said:?}");
        assert!(!said.err.contains("panicked"), "{backup}: {said:?}");
        if code != "invalid" {
            assert_eq!(json(&said.err)["error"]["code"], code, "{backup}: {said:?}");
        }
        assert_eq!(names(&folder), before, "{backup}");
    }
    for arguments in [
        &["backup", "delete"][..],
        &["backup", "prune", "sixfold-1.backup"],
        &["backup", "restore"],
        &["backup", "restore", "--latest", "sixfold-1.backup"],
    ] {
        assert_eq!(stage.server.say(arguments).code, 2, "{arguments:?}");
    }
    let place = Server::prepare(&Engine::Sqlite).await;
    bad(&place.say(&["backup", "prune", "--json"]), "backup_not_configured");
    bad(&place.say(&["backup", "restore", "--latest", "--json"]), "backup_not_configured");
    assert_eq!(names(&folder), before);
}

#[tokio::test]
async fn the_newest_is_found_without_its_name() {
    let (stage, folder) = with_a_place().await;
    let restore = ["backup", "restore", "--latest", "--replace", "--json"];
    bad(&stage.server.say(&restore), "backup_absent");
    for _ in 0..2 {
        create(&stage.server, &folder, &["--unencrypted"]);
    }
    let newest = create(&stage.server, &folder, &["--unencrypted"]);
    std::fs::write(folder.join("sixfold-zzz.backup"), "not ours").expect("a file");
    let name = newest.file_name().expect("a name").to_string_lossy().into_owned();
    let said = good(stage.server.say(&restore));
    assert_eq!(json(&said.out)["manifest"]["name"], *name, "{said:?}");
    assert!(said.err.contains("sixfold-zzz.backup is passed over"), "{said:?}");
    let said = good(stage.server.say(&["backup", "verify", "--latest", "--json"]));
    assert_eq!(json(&said.out)["manifest"]["name"], *name, "{said:?}");
    // Of another installation.
    let head = std::fs::read(&newest).expect("it");
    let at = head.windows(6).position(|part| part == b"group_").expect("whose it is") + 6;
    let mut other = head.clone();
    other[at + 3] = if other[at + 3] == b'0' { b'1' } else { b'0' };
    std::fs::write(folder.join("sixfold-99991231T000000Z-0.backup"), other).expect("a file");
    bad_last(&stage.server.say(&restore), "backup_ambiguous");
}

/// A server at rest whose backups go to a folder, for anybody to read.
async fn with_a_place() -> (Stage, PathBuf) {
    let mut stage = at_rest().await;
    let folder = stage.server.folder().join("backups");
    stage.server.set("SIXFOLD_BACKUP_TO", &text(&folder));
    stage.server.set("SIXFOLD_BACKUP_UNENCRYPTED", "true");
    (stage, folder)
}

/// Failed with this code, after other lines.
#[track_caller]
fn bad_last(said: &crate::process::Said, code: &str) {
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains(&format!("\"code\":\"{code}\"")), "{said:?}");
}
