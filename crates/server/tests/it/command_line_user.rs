//! `sixfold user`: accounts, from the machine itself.

use std::fs::File;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::engines::Engine;
use crate::people::Person;
use crate::process::{Said, Server, outcome, text};
use crate::stage::PASSWORD;

fn data(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(data).collect()
}

/// A command that reads `input` on stdin.
fn fed(server: &Server, arguments: &[&str], input: &str) -> Said {
    let path = server.folder().join("stdin.txt");
    std::fs::write(&path, input).expect("written");
    outcome(server.command(arguments).stdin(File::open(&path).expect("a file")))
}

/// A database with its owner, Root, and Alice.
async fn settled(engine: &Engine) -> Server {
    let mut server = Server::prepare(engine).await;
    server.set("SIXFOLD_PASSWORD", PASSWORD);
    let made = ["admin", "create", "--name", "Root", "--email", "root@example.com"];
    assert_eq!(server.say(&made).code, 0);
    let add = ["user", "add", "--name", "Alice", "--email", "Alice@example.com", "--json"];
    let said = server.say(&add);
    assert_eq!(said.code, 0, "{said:?}");
    let alice = data(&said.out);
    assert_eq!(
        (&alice["email"], &alice["hasPassword"]),
        (&json!("alice@example.com"), &json!(true))
    );
    server
}

async fn sign_in(server: &Server, password: &str) -> crate::people::Answer {
    let body = json!({ "email": "alice@example.com", "password": password });
    Person::nobody(server.url()).post("/v1/auth/sign-in/email", body).await
}

#[tokio::test]
async fn commands_about_accounts_make_nothing_where_nothing_is() {
    let server = Server::prepare(&Engine::Sqlite).await;
    for (arguments, code) in [
        (&["user", "--help"][..], 0),
        (&["user"], 2),
        (&["user", "list"], 3),
        (&["user", "verify", "a@example.com"], 3),
        (&["user", "delete"], 2),
        (&["user", "add", "--name", "A", "--email", "a@example.com"], 2),
        (&["user", "import", "missing.ndjson"], 2),
        (&["user", "ban", "a@example.com", "--until", "tomorrow"], 2),
    ] {
        let said = server.say(arguments);
        assert_eq!(said.code, code, "{arguments:?}: {said:?}");
        assert!(!server.data_dir().exists(), "{arguments:?} made the data directory");
    }
}

#[tokio::test]
async fn accounts_are_administered_without_http() {
    for engine in Engine::all() {
        let mut server = settled(&engine).await;
        let again =
            server.say(&["user", "add", "--name", "A", "--email", "alice@example.com", "--json"]);
        assert_eq!(
            (again.code, data(&again.err)["error"]["code"].clone()),
            (1, json!("user_already_exists"))
        );
        let listed = lines(&server.say(&["user", "list", "--json"]).out);
        assert_eq!(listed.len(), 2);
        assert_eq!(listed[0]["platformOwner"], true);
        let shown = server.say(&["user", "list", "ali"]).out;
        assert!(shown.contains("alice@example.com \"Alice\"\n"), "{shown}");

        let id = listed[1]["id"].as_str().expect("an id").to_owned();
        let verified = server.say(&["user", "verify", &id, "--json"]);
        assert_eq!(data(&verified.out)["emailVerified"], true);
        let unknown = server.say(&["user", "verify", "nobody@example.com", "--json"]);
        assert_eq!(
            (unknown.code, data(&unknown.err)["error"]["code"].clone()),
            (1, json!("unknown_user"))
        );
        assert_eq!(server.say(&["user", "verify", "nonsense"]).code, 1);

        let banned =
            server.say(&["user", "ban", "alice@example.com", "--reason", "spam", "--json"]);
        assert_eq!(data(&banned.out)["banned"], true, "{banned:?}");
        assert_eq!(lines(&server.say(&["user", "list", "--banned", "--json"]).out).len(), 1);
        server.run();
        let refused = sign_in(&server, PASSWORD).await;
        assert_eq!(refused.status, 403, "{refused:?}");
        assert!(refused.text.contains("BANNED_USER"), "{refused:?}");
        assert!(server.stop().success());
        assert_eq!(data(&server.say(&["user", "unban", &id, "--json"]).out)["banned"], false);

        let set = fed(
            &server,
            &["user", "reset-password", &id, "--password-stdin"],
            "a brand new lantern\n",
        );
        assert_eq!(set.code, 0, "{set:?}");
        server.run();
        assert_eq!(sign_in(&server, PASSWORD).await.status, 401);
        assert_eq!(sign_in(&server, "a brand new lantern").await.status, 200);
        assert!(server.stop().success());
        let ended = server.say(&["user", "revoke-sessions", &id, "--json"]);
        assert_eq!(data(&ended.out), json!({ "revoked": 1 }));
        assert_eq!(server.say(&["user", "delete", &id]).code, 0);
        assert_eq!(server.say(&["user", "delete", &id]).code, 1);
        let last = server.say(&["user", "delete", "root@example.com", "--json"]);
        assert_eq!(data(&last.err)["error"]["code"], "only_owner", "{last:?}");
    }
}

#[tokio::test]
async fn a_link_to_set_a_password_is_printed_or_mailed() {
    let mut server = settled(&Engine::Sqlite).await;
    let printed = server.say(&["user", "reset-password", "alice@example.com", "--print-link"]);
    assert!(printed.out.contains("/v1/auth/reset-password/"), "{printed:?}");
    let mailed = server.say(&["user", "reset-password", "alice@example.com", "--json"]);
    assert_eq!(data(&mailed.out), json!({ "status": "mailed" }));
    let without =
        ["user", "add", "--name", "Bob", "--email", "bob@example.com", "--without-password"];
    let said = server.say(&without);
    assert!(said.code == 0 && !said.out.contains("reset-password"), "{said:?}");
    server.set("SIXFOLD_ENV", "production");
    server.set("SIXFOLD_SERVER_PUBLIC_URL", "https://people.example.com");
    let said = server.say(&["user", "reset-password", "alice@example.com"]);
    assert!(said.out.starts_with("https://people.example.com/v1/auth/reset-password/"), "{said:?}");
}

#[tokio::test]
async fn an_import_is_rehearsed_run_and_run_again() {
    for engine in Engine::all() {
        let mut server = settled(&engine).await;
        let file = server.folder().join("users.ndjson");
        let hash = "$2b$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.";
        let mut all: Vec<String> = (0..500)
            .map(|number| {
                let email = format!("user{number}@example.com");
                json!({ "email": email, "name": "U", "passwordHash": hash }).to_string()
            })
            .collect();
        all.push(json!({ "email": "alice@example.com", "name": "A" }).to_string());
        all.push("nonsense".to_owned());
        std::fs::write(&file, all.join("\n")).expect("written");
        let path = text(&file);
        let run = |more: &[&str]| {
            let said = server.say(&[&["user", "import", &path, "--json"], more].concat());
            assert_eq!(said.code, 1, "a line is refused: {said:?}");
            let told = lines(&said.out);
            assert_eq!(
                (&told[0]["line"], &told[0]["code"]),
                (&json!(502), &json!("malformed_line"))
            );
            told[1]["summary"].clone()
        };
        let fresh = json!({ "lines": 502, "created": 500, "exists": 1, "refused": 1 });
        assert_eq!(run(&["--dry-run"]), fresh);
        assert_eq!(run(&[]), fresh);
        assert_eq!(run(&[]), json!({ "lines": 502, "created": 0, "exists": 501, "refused": 1 }));
        let said = fed(
            &server,
            &["user", "import", "-"],
            "{\"email\":\"z@example.com\",\"name\":\"Z\"}\n",
        );
        assert_eq!(said.code, 0, "{said:?}");
        assert!(said.err.contains("1 created"), "{said:?}");
        assert_eq!(lines(&server.say(&["user", "list", "--json"]).out).len(), 503);
        server.run();
        let body = json!({ "email": "user499@example.com", "password": "correct horse battery" });
        Person::nobody(server.url()).post("/v1/auth/sign-in/email", body).await.was(200);
    }
}

#[tokio::test]
async fn on_postgresql_a_running_server_notices_within_seconds() {
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Sqlite) {
        let mut server = settled(&engine).await;
        server.run();
        let token = sign_in(&server, PASSWORD).await.was(200).text_at("/token");
        let alice = Person { token: Some(token), ..Person::nobody(server.url()) };
        alice.get("/v1/groups").await.was(200);
        assert_eq!(server.say(&["user", "ban", "alice@example.com"]).code, 0);
        let began = Instant::now();
        while alice.get("/v1/groups").await.status != 401 {
            assert!(began.elapsed() < Duration::from_secs(60), "the ban is not noticed");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
