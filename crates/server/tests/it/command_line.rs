//! The commands that are not `serve`.

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
        (&["doctor"], 0),
        (&["export"], 3),
        (&["admin", "setup-token"], 3),
        (&["import", "missing.ndjson"], 2),
        (&["no-such-command"], 2),
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
    let findings = json(&server.say(&["doctor", "--json"]).out);
    assert!(findings.as_array().is_some_and(|all| all.iter().all(|one| one["ok"] == true)));
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

/// Lines that can be compared: without what differs by when they were written.
fn comparable(ndjson: &str) -> Vec<String> {
    let mut lines: Vec<String> = ndjson.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn input() -> String {
    let group = "018f0000-0000-7000-8000-000000000001";
    let mut lines = vec![
        format!(
            r#"{{"kind":"group","id":"{group}","slug":"parts","name":"Parts","type":"business"}}"#
        ),
        format!(r#"{{"kind":"thingType","groupId":"{group}","name":"part"}}"#),
        format!(
            r#"{{"kind":"connectionType","groupId":"{group}","name":"made_of","from":["part"],"to":["part"],"acyclic":true}}"#
        ),
    ];
    for number in 1..=3 {
        lines.push(format!(
            r#"{{"kind":"thing","id":"018f0000-0000-7000-8000-00000000010{number}","groupId":"{group}","type":"part","name":"part {number}","properties":{{"weight":{number}}}}}"#
        ));
    }
    for (from, to) in [(1, 2), (2, 3)] {
        lines.push(format!(
            r#"{{"kind":"connection","groupId":"{group}","type":"made_of","fromId":"018f0000-0000-7000-8000-00000000010{from}","toId":"018f0000-0000-7000-8000-00000000010{to}"}}"#
        ));
    }
    lines.push(format!(
        r#"{{"kind":"knowledge","id":"018f0000-0000-7000-8000-000000000201","groupId":"{group}","type":"document","text":"How parts fit."}}"#
    ));
    lines.join("\n") + "\n"
}

#[tokio::test]
async fn what_is_exported_can_be_imported_and_is_the_same() {
    let engines = Engine::all();
    for from in &engines {
        for to in &engines {
            let source = Server::prepare(from).await;
            let file = source.folder().join("in.ndjson");
            std::fs::write(&file, input()).expect("a file");
            let file = file.to_str().expect("UTF-8");

            let said = source.say(&["import", file, "--dry-run"]);
            assert_eq!(said.code, 0, "{said:?}");
            let said = source.say(&["import", file]);
            assert_eq!(said.code, 0, "{said:?}");
            let first = source.say(&["export"]);
            assert_eq!(first.code, 0, "{first:?}");
            assert!(first.out.contains("part 3") && first.out.contains("How parts fit."));
            // Twice is once.
            assert_eq!(source.say(&["import", file]).code, 0);
            let second = source.say(&["export"]);
            assert_eq!(comparable(&first.out), comparable(&second.out));

            let target = Server::prepare(to).await;
            let moved = target.folder().join("moved.ndjson");
            let moved = moved.to_str().expect("UTF-8");
            assert_eq!(source.say(&["export", moved]).code, 0);
            let said = target.say(&["import", moved]);
            assert_eq!(said.code, 0, "{said:?}");
            let third = target.say(&["export"]);
            assert_eq!(comparable(&third.out), comparable(&first.out), "{from:?} to {to:?}");
        }
    }
}

#[tokio::test]
async fn an_output_that_is_full_or_gone_is_told() {
    let server = Server::prepare(&Engine::Sqlite).await;
    let file = server.folder().join("in.ndjson");
    std::fs::write(&file, input()).expect("a file");
    assert_eq!(server.say(&["import", file.to_str().expect("UTF-8")]).code, 0);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    if let Ok(full) = full {
        let output = server.command(&["export"]).stdout(full).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("error: The output cannot be written"), "{said}");
    }
    let nowhere = server.folder().join("no/such/folder.ndjson");
    let said = server.say(&["export", nowhere.to_str().expect("UTF-8")]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("folder.ndjson cannot be written"), "{said:?}");
}

#[tokio::test]
async fn a_wrong_line_is_told_by_its_number_and_the_rest_is_taken() {
    for engine in Engine::all() {
        let server = Server::prepare(&engine).await;
        let file = server.folder().join("in.ndjson");
        let mut lines: Vec<String> = input().lines().map(str::to_owned).collect();
        lines.insert(4, "{ broken".to_owned());
        lines.push(r#"{"kind":"thing","groupId":"018f0000-0000-7000-8000-000000000001","type":"nothing","name":"x","id":"018f0000-0000-7000-8000-000000000301"}"#.to_owned());
        std::fs::write(&file, lines.join("\n")).expect("a file");
        let said = server.say(&["import", file.to_str().expect("UTF-8"), "--json"]);
        assert_eq!(said.code, 1, "{said:?}");
        let told: Vec<Value> = said.out.lines().map(json).collect();
        assert_eq!(told[0]["line"], 5, "{said:?}");
        assert_eq!(told[1]["line"], lines.len(), "{said:?}");
        assert_eq!(told[2]["summary"]["refused"], 2, "{said:?}");
        assert!(server.say(&["export"]).out.contains("part 3"));
    }
}
