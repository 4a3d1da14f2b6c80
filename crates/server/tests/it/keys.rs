//! The keys of an installation: weak ones are refused, old ones are replaced.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::engines::Engine;
use crate::people::Person;
use crate::process::{Said, Server};
use crate::stage::PASSWORD;

const ROOT: &str = "5f1b0c9de2a47386915ad0b4c7e83f2610d9ab54e7c3826f01b8d5a96e3f7c42";
const NEXT: &str = "c3826f01b8d5a96e3f7c425f1b0c9de2a47386915ad0b4c7e83f2610d9ab54e7";
const SIGNING: &str = "a94c07e15b3d8f620e71c5b8d24f9a36f80b6d1e3c5792a4b1d08e6f7c3a5942";

#[track_caller]
fn refused(said: &Said, code: i32, part: &str) {
    assert_eq!(said.code, code, "{said:?}");
    assert!(said.err.contains(part), "{part}: {said:?}");
    assert!(!said.err.contains("panicked"), "{said:?}");
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("it is there");
}

/// Alice, signed up; her access token.
async fn sign_up(server: &Server) -> String {
    let body = json!({ "name": "A", "email": "a@example.com", "password": PASSWORD });
    let made = Person::nobody(server.url()).post("/v1/auth/signup", body).await;
    made.was(200).text_at("/accessToken")
}

async fn signs(server: &Server) -> usize {
    let door = Person::nobody(server.url());
    let keys =
        door.get("/v1/auth/jwks").await.was(200).json()["keys"].as_array().map_or(0, Vec::len);
    let body = json!({ "email": "a@example.com", "password": PASSWORD });
    let pair = door.post("/v1/auth/signin", body).await;
    let refresh = pair.was(200).text_at("/refreshToken");
    door.post("/v1/auth/refresh", json!({ "refreshToken": refresh })).await.was(200);
    keys
}

#[tokio::test]
async fn the_root_key_in_the_data_directory_is_replaced_and_nothing_is_lost() {
    for engine in Engine::all() {
        let mut server = Server::start(&engine).await;
        sign_up(&server).await;
        assert!(server.stop().success());
        // A signing key of the vault, so that something is sealed under the root key.
        let said = server.say(&["keys", "rotate", "--now"]);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(said.out.contains("signing"), "{said:?}");

        let keys = server.data_dir().join("keys");
        let (root, old) = (keys.join("root.key"), keys.join("root.key.old"));
        let before = std::fs::read_to_string(&root).expect("a key");
        let said = server.say(&["keys", "rotate-root", "--json"]);
        assert_eq!(said.code, 0, "{said:?}");
        let told: Value = serde_json::from_str(&said.out).expect("JSON");
        assert!(told["rewrapped"].as_u64() >= Some(1), "{told}");
        assert_eq!(std::fs::read_to_string(&old).expect("kept"), before);
        assert_ne!(std::fs::read_to_string(&root).expect("new"), before);
        for path in [&root, &old] {
            let mode = std::fs::metadata(path).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        server.run();
        assert_eq!(signs(&server).await, 2, "the sealed key opens under the new root");
        assert!(server.stop().success());

        // Interrupted between the store and the files.
        std::fs::rename(&root, keys.join("root.key.new")).expect("moved");
        std::fs::rename(&old, &root).expect("moved");
        refused(&server.say(&[]), 3, "run `sixfold keys rotate-root` again");
        let said = server.say(&["keys", "rotate-root"]);
        assert_eq!(said.code, 0, "{said:?}");
        server.run();
        assert_eq!(signs(&server).await, 2);
        assert!(server.stop().success());
        let listed = server.say(&["keys", "list"]);
        assert_eq!(listed.out.lines().count(), 2, "{listed:?}");
    }
}

#[tokio::test]
async fn a_root_key_of_the_operator_is_replaced_by_the_next_one() {
    for engine in Engine::all() {
        let mut server = Server::prepare(&engine).await;
        server.set("SIXFOLD_ROOT_KEY", ROOT);
        server.set("SIXFOLD_SIGNING_KEY", SIGNING);
        server.run();
        sign_up(&server).await;
        assert!(server.stop().success());
        assert_eq!(server.say(&["keys", "rotate", "--now"]).code, 0);

        server.set("SIXFOLD_ROOT_KEY", NEXT);
        refused(&server.say(&[]), 3, "not the ones this database was made with");
        refused(&server.say(&["keys", "rotate-root"]), 2, "SIXFOLD_ROOT_KEY_OLD");
        server.set("SIXFOLD_ROOT_KEY_OLD", SIGNING);
        refused(&server.say(&["keys", "rotate-root"]), 3, "not the ones");
        server.set("SIXFOLD_ROOT_KEY_OLD", &ROOT.replace('5', "6"));
        refused(&server.say(&["keys", "rotate-root"]), 3, "not the ones");
        server.set("SIXFOLD_ROOT_KEY_OLD", ROOT);
        for rewrapped in ["1 keys", "0 keys"] {
            let said = server.say(&["keys", "rotate-root"]);
            assert_eq!(said.code, 0, "{said:?}");
            assert!(said.out.contains(rewrapped) || rewrapped == "1 keys", "{said:?}");
        }
        server.run();
        assert_eq!(signs(&server).await, 2);
        assert!(server.stop().success());
        server.set("SIXFOLD_ROOT_KEY", ROOT);
        refused(&server.say(&[]), 3, "not the ones this database was made with");
    }
}

#[tokio::test]
async fn keys_that_are_no_secret_refuse_the_start() {
    let counted: String = (0..32u8).map(|byte| format!("{byte:02x}")).collect();
    let pattern = "deadbeef".repeat(8);
    for (root, signing, part) in [
        ("00".repeat(32), SIGNING.to_owned(), "root key is no random number"),
        (pattern, SIGNING.to_owned(), "root key is no random number"),
        (counted, SIGNING.to_owned(), "root key is no random number"),
        (ROOT.to_owned(), "ff".repeat(32), "signing key is no random number"),
        (ROOT.to_owned(), ROOT.to_owned(), "are the same"),
    ] {
        let mut server = Server::prepare(&Engine::Sqlite).await;
        server.set("SIXFOLD_ROOT_KEY", &root);
        server.set("SIXFOLD_SIGNING_KEY", &signing);
        let said = server.say(&[]);
        refused(&said, 3, part);
        assert!(!said.err.contains(&root), "the key itself is not shown");
    }
}

#[tokio::test]
async fn keys_that_others_can_reach_refuse_the_start() {
    let mut server = Server::start(&Engine::Sqlite).await;
    assert!(server.stop().success());
    let keys = server.data_dir().join("keys");
    for (path, wrong, right, part) in [
        (keys.join("root.key"), 0o640, 0o600, "may be read by other users"),
        (keys.join("signing.key"), 0o604, 0o600, "may be read by other users"),
        (keys.clone(), 0o777, 0o700, "may be written by other users"),
        (keys.clone(), 0o720, 0o700, "may be written by other users"),
    ] {
        chmod(&path, wrong);
        refused(&server.say(&[]), 3, part);
        assert_eq!(server.say(&["doctor"]).code, 1);
        chmod(&path, right);
    }
    let short = keys.join("signing.key");
    let whole = std::fs::read(&short).expect("a key");
    std::fs::write(&short, "abc").expect("written");
    refused(&server.say(&[]), 3, "is damaged");
    std::fs::write(&short, whole).expect("written");
    server.run();
}
