//! The commands that are not `serve`.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::engines::Engine;
use crate::process::Server;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[tokio::test]
async fn reading_commands_make_nothing() {
    let server = Server::prepare(&Engine::Sqlite).await;
    for (arguments, code) in [
        (&["--help"][..], 0),
        (&["--version"], 0),
        (&["version"], 0),
        (&["version", "--json"], 0),
        (&["openapi"], 0),
        (&["config", "check"], 0),
        (&["config", "example"], 0),
        (&["config", "docs"], 0),
        (&["migrate", "status"], 0),
        (&["types"], 0),
        (&["types", "--group", "acme"], 3),
        (&["doctor"], 0),
        (&["export"], 3),
        (&["compact"], 3),
        (&["admin", "setup-token"], 3),
        (&["import", "missing.ndjson"], 2),
        (&["import"], 2),
        (&["no-such-command"], 2),
        (&["--no-such-flag"], 2),
        (&["import", "--dryrun", "x"], 2),
        (&["admin", "create"], 2),
        (&["migrate"], 2),
        (&["--port", "65536"], 2),
    ] {
        let said = server.say(arguments);
        assert_eq!(said.code, code, "{arguments:?}: {said:?}");
        assert!(!said.err.contains("panicked"), "{said:?}");
        assert!(!server.data_dir().exists(), "{arguments:?} made the data directory");
    }
    assert!(server.say(&["--help"]).out.contains("Exit codes:"));
}

#[tokio::test]
async fn data_and_errors_are_json_when_asked() {
    let mut server = Server::prepare(&Engine::Sqlite).await;
    assert_eq!(json(&server.say(&["version", "--json"]).out)["name"], "sixfold");
    let status = json(&server.say(&["migrate", "status", "--json"]).out);
    assert_eq!(status["database"], "absent");
    let said = server.say(&["export", "--json"]);
    assert_eq!(json(&said.err)["error"]["code"], "database_absent");
    server.run();
    assert!(server.stop().success());
    let status = json(&server.say(&["migrate", "status", "--json"]).out);
    assert_eq!(status["database"], "current");
    assert_eq!(status["migrations"][0]["state"], "applied");
    assert!(status["migrations"][0]["appliedAt"].is_string(), "{status}");
    let findings = json(&server.say(&["doctor", "--json"]).out);
    assert!(findings.as_array().is_some_and(|all| all.iter().all(|one| one["ok"] == true)));
    let check = json(&server.say(&["config", "check", "--json"]).out);
    assert_eq!(check, serde_json::json!({"ok": true, "mistakes": []}));
    let token = json(&server.say(&["admin", "setup-token", "--json"]).out);
    assert_eq!(token["token"].as_str().map(str::len), Some(64));
    let said = server.say(&["openapi"]);
    assert_eq!(json(&said.out)["openapi"], "3.1.0");
}

#[tokio::test]
async fn the_example_of_a_configuration_is_right() {
    let server = Server::prepare(&Engine::Sqlite).await;
    let example = server.say(&["config", "example"]).out;
    // As it is, and with every default said aloud.
    let aloud: Vec<&str> = example
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.contains(" = ") && !rest.contains('…') && is_key(rest) => rest,
            _ => line,
        })
        .collect();
    let aloud = aloud.join("\n");
    assert!(aloud.lines().filter(|line| is_key(line)).count() > 30, "{aloud}");
    for text in [example, aloud] {
        std::fs::write(server.folder().join("sixfold.toml"), &text).expect("a file");
        let said = server.say(&["config", "check"]);
        assert_eq!(said.code, 0, "{said:?}\n{text}");
    }
}

fn is_key(line: &str) -> bool {
    line.split_once(" = ").is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|one| one.is_ascii_lowercase() || one == '_')
    })
}

#[tokio::test]
async fn doctor_finds_what_keeps_a_server_from_starting() {
    let mut server = Server::prepare(&Engine::Sqlite).await;
    server.run();
    assert!(server.stop().success());
    let found = |server: &Server| {
        let said = server.say(&["doctor", "--json"]);
        let all = json(&said.out);
        let bad = all.as_array().expect("findings").iter().filter(|one| one["ok"] == false);
        let bad: Vec<String> = bad
            .map(|one| {
                let (name, message) = (one["name"].as_str(), one["message"].as_str());
                format!("{}: {}", name.unwrap_or_default(), message.unwrap_or_default())
            })
            .collect();
        assert_eq!(said.code, i32::from(!bad.is_empty()), "{said:?}");
        bad.join("\n")
    };
    assert_eq!(found(&server), "");

    let key = server.data_dir().join("keys/root.key");
    let right = std::fs::read(&key).expect("a key");
    let mode = |mode| {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).expect("a mode");
    };
    mode(0o644);
    assert!(found(&server).contains("chmod 600"), "{}", found(&server));
    mode(0o600);
    std::fs::write(&key, "damaged").expect("written");
    assert!(found(&server).starts_with("keys: "), "{}", found(&server));
    let other = "57432436ac968980a076e8eeb90bf71ff326b8cdd658b4fe7c7e89235eeafe31";
    std::fs::write(&key, other).expect("written");
    assert!(found(&server).contains("not those the database was made with"));
    std::fs::write(&key, right).expect("written");
    assert_eq!(found(&server), "");

    // A page of zeros in the middle of the file, and a file that is no database at all.
    let file = server.data_dir().join("sixfold.db");
    let whole = std::fs::read(&file).expect("the database");
    let mut torn = whole.clone();
    let middle = torn.len() / 2 / 4096 * 4096;
    torn[middle..middle + 8192].fill(0);
    std::fs::write(&file, &torn).expect("written");
    assert!(!found(&server).is_empty(), "damage is found");
    std::fs::write(&file, "not a database, whatever its name is".repeat(200)).expect("written");
    assert!(found(&server).contains("database: "), "{}", found(&server));
    std::fs::write(&file, whole).expect("written");

    server.set("SIXFOLD_SERVER_PORT", "x");
    assert!(found(&server).starts_with("configuration: "), "{}", found(&server));
}

#[tokio::test]
async fn the_generated_files_are_current() {
    let server = Server::prepare(&Engine::Sqlite).await;
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    for (file, command) in
        [("api/openapi.json", &["openapi"][..]), ("docs/config.md", &["config", "docs"])]
    {
        let committed = std::fs::read_to_string(format!("{root}/{file}")).unwrap_or_default();
        let now = server.say(command).out;
        assert!(committed == now, "{file} is not what the code says: run `just gen`");
    }
}

#[tokio::test]
async fn an_owner_can_be_made_without_http() {
    for engine in Engine::all() {
        let mut server = Server::prepare(&engine).await;
        let create = ["admin", "create", "--name", "Olga", "--email", "olga@example.com"];
        let said = server.say(&create);
        assert_eq!(said.code, 2, "no password: {said:?}");
        server.set("SIXFOLD_PASSWORD", "short");
        let said = server.say(&create);
        assert_eq!(said.code, 1, "{said:?}");
        server.set("SIXFOLD_PASSWORD", crate::stage::PASSWORD);
        let said = server.say(&create);
        assert_eq!(said.code, 0, "{said:?}");
        let again = server.say(&create);
        assert_eq!(again.code, 1, "the address is taken: {again:?}");
        server.run();
        assert_eq!(server.setup_token(), None);
        let door = crate::people::Person::nobody(server.url());
        let olga = crate::stage::sign_in(&door, "olga").await;
        olga.get("/v1/groups").await.was(200);
    }
}
