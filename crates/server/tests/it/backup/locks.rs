//! Encryption, and what becomes of the keys of the installation.

use serde_json::json as body;

use super::{at_rest, bad, create, elsewhere, good, json};
use crate::engines::Engine;
use crate::people::Person;
use crate::process::{Server, text};
use crate::stage::sign_in;

/// A public key, and a file's text with the private one.
pub(super) fn pair(server: &Server) -> (String, String) {
    let made = json(&good(server.say(&["backup", "new-key", "--json"])).out);
    let of = |name: &str| made[name].as_str().expect("a key").to_owned();
    (of("public"), of("private"))
}

fn holds(path: &std::path::Path, word: &[u8]) -> bool {
    let bytes = std::fs::read(path).expect("a backup");
    bytes.windows(word.len()).any(|window| window == word)
}

#[tokio::test]
async fn each_of_those_it_is_for_can_read_it_and_nobody_else() {
    let stage = at_rest().await;
    let server = &stage.server;
    let folder = server.folder().join("backups");
    let (one, other) = (pair(server), pair(server));
    assert!(one.0.starts_with("age1") && one.1.starts_with("AGE-SECRET-KEY-1"), "{one:?}");
    let made = create(server, &folder, &["--recipient", &one.0, "--recipient", &other.0]);
    assert!(!holds(&made, b"rows") && holds(&made, b"age-encryption.org/v1"));
    for (name, key) in [("one", &one.1), ("other", &other.1)] {
        let file = server.folder().join(name);
        // As `age-keygen` writes it.
        std::fs::write(&file, format!("# created: today\n\n{key}\n")).expect("a file");
        let verify = ["backup", "verify", &text(&made), "--identity", &text(&file)];
        good(server.say(&verify));
    }
}

#[tokio::test]
async fn the_keys_travel_only_when_they_are_asked_for() {
    let mut stage = at_rest().await;
    let folder = stage.server.folder().join("backups");
    let phrase = stage.server.folder().join("phrase");
    std::fs::write(&phrase, "correct horse battery\n").expect("a file");
    let lock = ["--passphrase-file", &text(&phrase)];
    let without = create(&stage.server, &folder, &lock);
    let with = create(&stage.server, &folder, &[lock[0], lock[1], "--with-keys"]);
    let arguments = ["backup", "create", "--to", &text(&folder), lock[0], lock[1]];
    let said = good(stage.server.say(&arguments));
    assert!(said.err.contains("keys are not in it"), "{said:?}");

    // Without them it is said what is missing, and nothing starts that would be half a server.
    let bare = Server::prepare(&Engine::Sqlite).await;
    let said = good(bare.say(&["backup", "restore", &text(&without), lock[0], lock[1]]));
    assert!(said.err.contains("The keys of this data are not here"), "{said:?}");
    let start = bare.say(&["serve", "--json"]);
    assert_eq!(start.code, 3);
    assert!(start.err.contains("its keys are not in"), "{start:?}");

    // With them an empty machine becomes the server.
    let mut whole = Server::prepare(&Engine::Sqlite).await;
    let arguments = ["backup", "restore", &text(&with), lock[0], lock[1], "--json"];
    let said = json(&good(whole.say(&arguments)).out);
    assert_eq!(said["keys"], "restored", "{said}");
    good(whole.say(&["doctor"]));
    whole.run();
    // Who was signed in then is not any more: meanwhile they may have signed out.
    stage.alice().at(whole.url()).fresh().get("/v1/groups").await.was(401);
    let alice = sign_in(&Person::nobody(whole.url()), "alice").await;
    alice.get("/v1/groups").await.was(200);

    // Others that are there are not overwritten.
    let mut own = Server::prepare(&Engine::Sqlite).await;
    own.run();
    own.stop();
    for name in super::names(&own.data_dir()).iter().filter(|name| name.starts_with("sixfold.db")) {
        std::fs::remove_file(own.data_dir().join(name)).expect("it goes");
    }
    bad(&own.say(&arguments), "keys_foreign");
    assert!(!own.data_dir().join("sixfold.db").exists());
    let mut replace = arguments.to_vec();
    replace.push("--replace");
    let said = json(&good(own.say(&replace)).out);
    assert_eq!(
        (&said["keys"], said["aside"].as_array().map(Vec::len)),
        (&body!("restored"), Some(1))
    );
    own.run();
    stage.server.run();
}

#[tokio::test]
async fn where_the_keys_fit_nothing_is_said() {
    let stage = at_rest().await;
    let folder = stage.server.folder().join("backups");
    let made = create(&stage.server, &folder, &["--unencrypted"]);
    let place = elsewhere(&stage.server);
    let said = good(place.say(&["backup", "restore", &text(&made)]));
    assert!(!said.err.contains("keys"), "{said:?}");
}

/// What others on this machine may do with a file or a folder.
#[cfg(unix)]
fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_on_the_machine_can_read_what_is_written() {
    let stage = at_rest().await;
    let server = &stage.server;
    let folder = server.folder().join("backups");
    let file = server.folder().join("backup-key.txt");
    let new_key = ["backup", "new-key", "--out", &text(&file)];
    let public = good(server.say(&new_key)).out;
    assert_eq!(mode(&file), 0o600);
    let again = server.say(&["backup", "new-key", "--json", "--out", &text(&file)]);
    bad(&again, "file_unwritable");
    let made = create(server, &folder, &["--with-keys", "--recipient", public.trim()]);
    assert_eq!((mode(&folder), mode(&made)), (0o700, 0o600));

    let whole = Server::prepare(&Engine::Sqlite).await;
    good(whole.say(&["backup", "restore", &text(&made), "--identity", &text(&file)]));
    let data = whole.data_dir();
    for (path, expected) in [
        ("sixfold.db", 0o600),
        ("keys", 0o700),
        ("keys/root.key", 0o600),
        ("keys/signing.key", 0o600),
    ] {
        assert_eq!(mode(&data.join(path)), expected, "{path}");
    }
}

#[tokio::test]
async fn who_expects_a_lock_takes_nothing_without() {
    let stage = at_rest().await;
    let server = &stage.server;
    let folder = server.folder().join("backups");
    let file = server.folder().join("backup-key.txt");
    good(server.say(&["backup", "new-key", "--out", &text(&file)]));
    let made = text(&create(server, &folder, &["--unencrypted"]));
    let mut place = elsewhere(server);
    let with_key = ["--identity", &text(&file)];
    for command in ["verify", "restore"] {
        let arguments = ["backup", command, &made, "--json", with_key[0], with_key[1]];
        bad(&place.say(&arguments), "backup_not_encrypted");
    }
    // So it is for who makes them for somebody's keys.
    let public = good(server.say(&["backup", "new-key", "--json"])).out;
    let public = json(&public)["public"].as_str().expect("a key").to_owned();
    place.set("SIXFOLD_BACKUP_RECIPIENTS", &public);
    bad(&place.say(&["backup", "restore", &made, "--json"]), "backup_not_encrypted");
    assert!(!place.data_dir().join("sixfold.db").exists());
    good(place.say(&["backup", "restore", &made, "--unencrypted"]));
}

#[tokio::test]
async fn keys_that_are_not_those_of_the_data_are_not_packed() {
    let stage = at_rest().await;
    let phrase = stage.server.folder().join("phrase");
    std::fs::write(&phrase, "correct horse battery\n").expect("a file");
    let (folder, phrase) = (text(&stage.server.folder().join("backups")), text(&phrase));
    let create = ["backup", "create", "--json", "--with-keys", "--passphrase-file", &phrase];
    let create = [&create[..], &["--to", &folder]].concat();
    let root = stage.server.data_dir().join("keys/root.key");
    let own = std::fs::read_to_string(&root).expect("a key");
    let digits: String = own.trim().chars().rev().collect();
    std::fs::write(&root, format!("{digits}\n")).expect("another key");
    bad(&stage.server.say(&create), "keys_foreign");
    std::fs::write(&root, own).expect("the key");
    good(stage.server.say(&create));
}
