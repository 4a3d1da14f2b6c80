//! Import and export: what goes out comes in again, what is wrong is told by its line, and an
//! import that was pulled the plug goes on where it ended.

mod killed;
mod large;
mod parts;
mod wrong_lines;

use std::collections::BTreeSet;
use std::io::Read as _;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::engines::Engine;
use crate::people::Person;
use crate::process::{Said, Server, text};
use crate::stage::Stage;

const GROUP: &str = "018f0000-0000-7000-8000-000000000001";

fn thing(number: usize) -> String {
    format!("018f0000-0000-7000-8000-{:012x}", 0x1000 + number)
}

/// A group with a type of things and one of connections, three things in a row, a document.
fn input() -> Vec<String> {
    let mut lines = vec![
        json!({"kind": "group", "id": GROUP, "slug": "parts", "name": "Parts", "type": "business"}),
        json!({"kind": "thingType", "groupId": GROUP, "name": "part"}),
        json!({"kind": "connectionType", "groupId": GROUP, "name": "made_of", "from": ["part"],
               "to": ["part"], "acyclic": true}),
    ];
    for number in 1..=3 {
        lines.push(json!({"kind": "thing", "id": thing(number), "groupId": GROUP, "type": "part",
                          "name": format!("part {number}"), "properties": {"weight": number}}));
    }
    for (from, to) in [(1, 2), (2, 3)] {
        lines.push(json!({"kind": "connection", "groupId": GROUP, "type": "made_of",
                          "fromId": thing(from), "toId": thing(to)}));
    }
    lines.push(json!({"kind": "knowledge", "groupId": GROUP, "type": "document",
                      "text": "How parts fit."}));
    lines.iter().map(Value::to_string).collect()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Writes a file beside the data and gives its path.
fn file(server: &Server, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = server.folder().join(name);
    std::fs::write(&path, bytes).expect("a file");
    text(&path)
}

#[track_caller]
fn good(said: Said) -> Said {
    assert_eq!(said.code, 0, "{said:?}");
    said
}

/// The last line of `import --json`.
fn summary(said: &Said) -> Value {
    json(said.out.lines().last().unwrap_or_default())["summary"].clone()
}

/// The refused lines of `import --json`: number and code.
fn refusals(said: &Said) -> Vec<(u64, String)> {
    let lines = said.out.lines().map(json).filter(|line| line["summary"].is_null());
    lines
        .map(|line| {
            assert!(line["message"].as_str().is_some_and(|text| text.ends_with('.')), "{line}");
            let code = line["code"].as_str().unwrap_or_default().to_owned();
            (line["line"].as_u64().expect("a number"), code)
        })
        .collect()
}

/// A world with something of everything, made by people over HTTP and by an import; stopped.
async fn furnish(engine: &Engine) -> Stage {
    let mut stage = Stage::open(engine).await;
    let (alice, bob, acme) = (stage.alice(), stage.bob(), stage.acme.clone());
    let make = async |person: &Person, path: &str, body: Value| {
        let made = person.post(path, body).await;
        assert!(matches!(made.status, 200 | 201), "{made:?}");
        made.id()
    };
    let lab = json!({"slug": "acme-lab", "name": "Lab", "type": "business",
                     "parentGroupId": acme, "metadata": {"floor": 3}});
    let lab = make(&alice, "/v1/groups", lab).await;
    let attic = json!({"slug": "acme-attic", "name": "Attic", "type": "business",
                       "parentGroupId": acme});
    let attic = make(&alice, "/v1/groups", attic).await;

    stage.server.stop();
    let types = [
        json!({"kind": "thingType", "groupId": acme, "name": "part",
               "properties": {"weight": {"type": "number"}}}),
        json!({"kind": "connectionType", "groupId": acme, "name": "made_of", "from": ["part"],
               "to": "*", "acyclic": true}),
        json!({"kind": "eventType", "groupId": attic, "name": "part_dusted"}),
        json!({"kind": "thingType", "groupId": attic, "name": "heirloom"}),
        json!({"kind": "thingType", "groupId": acme, "name": "safe", "required": ["code", "pin"],
               "properties": {"code": {"type": "string"}, "pin": {"type": "string"}},
               "hidden": ["pin", "hint"]}),
    ];
    let types: Vec<String> = types.iter().map(Value::to_string).collect();
    let types = file(&stage.server, "types.ndjson", types.join("\n"));
    good(stage.server.say(&["import", &types]));
    stage.server.run();
    let base = stage.server.url().to_owned();
    let (alice, bob) = (alice.at(&base), bob.at(&base));

    let new = |group: &str, kind: &str, name: &str, more: Value| {
        let mut new = json!({"groupId": group, "type": kind, "name": name});
        if let (Some(new), Value::Object(more)) = (new.as_object_mut(), more) {
            new.extend(more);
        }
        new
    };
    // Keys in another order than the alphabet's, and every kind of value.
    let properties = json!({"zeta": 1, "alpha": {"z": [1, 2.5, null, true], "a": "ü \"q\" \u{1F600}"},
                            "weight": 1.0, "large": 9_007_199_254_740_993_i64, "tiny": 1e-7});
    let whole = new(&lab, "part", "whole", json!({"properties": properties}));
    let whole = make(&alice, "/v1/things", whole).await;
    let child = new(&lab, "part", "child", json!({"parentId": whole}));
    let child = make(&alice, "/v1/things", child).await;
    let grandchild = new(&lab, "part", "grandchild", json!({"parentId": child, "status": "draft"}));
    let grandchild = make(&alice, "/v1/things", grandchild).await;
    let secret = new(&acme, "note", "secret", json!({"visibility": "private"}));
    let secret = make(&bob, "/v1/things", secret).await;
    let safe = json!({"properties": {"code": "A", "pin": "0042", "hint": {"z": 1, "a": [2]}}});
    make(&alice, "/v1/things", new(&acme, "safe", "safe", safe)).await;
    let gone = make(&alice, "/v1/things", new(&acme, "note", "gone", json!({}))).await;
    let heirloom = make(&alice, "/v1/things", new(&attic, "heirloom", "clock", json!({}))).await;
    // An older thing that belongs to a younger one: order of ids is not order of need.
    let path = format!("/v1/things/{whole}");
    let late = make(&alice, "/v1/things", new(&lab, "part", "late parent", json!({}))).await;
    alice.patch(&path, json!({"parentId": late, "properties": {"weight": 2}})).await.was(200);

    let join = |kind: &str, from: &str, to: &str| json!({"type": kind, "fromId": from, "toId": to});
    let mut edge = join("made_of", &whole, &child);
    edge["metadata"] = json!({"z": 1, "a": [2]});
    edge["strength"] = json!(0.25);
    edge["validFrom"] = json!("2024-02-03T04:05:06.789Z");
    make(&alice, "/v1/connections", edge).await;
    make(&alice, "/v1/connections", join("made_of", &child, &secret)).await;
    make(&bob, "/v1/connections", join("owns", &bob.id, &gone)).await;

    let label = json!({"groupId": acme, "type": "label", "text": "topic:parts",
                       "sourceThingId": whole});
    make(&alice, "/v1/knowledge", label).await;
    let document = json!({"groupId": acme, "type": "document", "text": "How \"parts\" fit:\nwell.",
                          "labels": ["topic:parts"], "metadata": {"z": 1, "a": 2}});
    make(&bob, "/v1/knowledge", document).await;
    let private = json!({"type": "document", "text": "Not for all.", "sourceThingId": secret,
                         "role": "caption"});
    make(&bob, "/v1/knowledge", private).await;
    let long = "A sentence about parts and how they fit together. ".repeat(80);
    let embed = json!({"groupId": acme, "text": format!("# Parts\n\n{long}")});
    alice.post("/v1/knowledge/embed", embed).await.was(200);

    alice.delete(&format!("/v1/things/{gone}")).await.was(204);
    alice.delete(&format!("/v1/things/{grandchild}")).await.was(204);
    // What is in an archived group is still there.
    alice.get(&format!("/v1/things/{heirloom}")).await.was(200);
    alice.delete(&format!("/v1/groups/{attic}")).await.was(204);
    stage.server.stop();
    stage
}

fn kinds(ndjson: &str) -> BTreeSet<String> {
    ndjson.lines().map(|line| json(line)["kind"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Lines without their order.
fn set(ndjson: &str) -> BTreeSet<&str> {
    ndjson.lines().collect()
}

/// More than is read ahead of whoever takes the output.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_waits_for_a_slow_reader() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        let alice = stage.alice();
        let note = |number: usize| json!({ "groupId": stage.acme, "type": "note", "name": format!("note {number}") });
        for thousand in 0..8 {
            let items: Vec<Value> =
                (0..1000).map(|number| note(thousand * 1000 + number)).collect();
            alice.post("/v1/things/bulk", json!({ "items": items })).await.was(200);
        }
        stage.server.stop();
        let mut command = stage.server.command(&["export"]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the binary starts");
        let mut out = child.stdout.take().expect("its output");
        let (mut all, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
        loop {
            let read = out.read(&mut piece).expect("its output");
            if read == 0 {
                break;
            }
            all.extend_from_slice(&piece[..read]);
            std::thread::sleep(Duration::from_millis(15));
        }
        assert!(child.wait().expect("an end").success());
        let lines = String::from_utf8(all).expect("UTF-8");
        let notes = lines.lines().filter(|line| line.contains("\"name\":\"note ")).count();
        assert_eq!(notes, 8000);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_in_an_empty_database_exports_the_same_bytes() {
    let engines = Engine::all();
    for from in &engines {
        let source = furnish(from).await.server;
        let out = text(&source.folder().join("out.ndjson"));
        // Where it writes first somebody has put a way to another file.
        let (trap, other) = (format!("{out}.part"), source.folder().join("other"));
        std::fs::write(&other, "as it was").expect("a file");
        std::os::unix::fs::symlink(&other, &trap).expect("a link");
        good(source.say(&["export", &out]));
        assert_eq!(std::fs::read_to_string(&other).expect("it"), "as it was");
        let about = std::fs::symlink_metadata(&out).expect("the export");
        assert!(about.is_file(), "{about:?}");
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o777, 0o600);
        let first = std::fs::read_to_string(&out).expect("the export");
        assert_eq!(kinds(&first).len(), 10, "every kind of line: {:?}", kinds(&first));
        assert!(first.contains(r#""hidden":{"hint":{"a":[2],"z":1},"pin":"0042"}"#), "{first}");
        assert_eq!(good(source.say(&["export"])).out, first, "to stdout as to a file");
        for to in &engines {
            // Nothing differs: ids, times, versions and owners are those of the source.
            let target = Server::prepare(to).await;
            let rehearsed = good(target.say(&["import", &out, "--dry-run", "--json"]));
            assert!(
                to != &Engine::Sqlite || !target.data_dir().exists(),
                "a rehearsal is traceless"
            );
            let said = good(target.say(&["import", &out, "--json"]));
            assert_eq!(said.out, rehearsed.out, "a rehearsal tells what will happen");
            assert_eq!(summary(&said)["stored"], first.lines().count(), "{said:?}");
            let second = good(target.say(&["export"])).out;
            assert!(first == second, "{from:?} to {to:?}: {:#?}", differences(&first, &second));
            // Once more is nothing more.
            let again = good(target.say(&["import", &out, "--json"]));
            assert_eq!(summary(&again)["stored"], 0, "{again:?}");
            assert_eq!(summary(&again)["skipped"], first.lines().count(), "{again:?}");
            assert!(good(target.say(&["export"])).out == first);
            good(target.say(&["doctor"]));
        }
    }
}

fn differences<'l>(one: &'l str, other: &'l str) -> Vec<&'l str> {
    set(one).symmetric_difference(&set(other)).copied().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_started_once_keeps_its_platform_group() {
    for engine in Engine::all() {
        let source = furnish(&engine).await.server;
        let first = good(source.say(&["export"])).out;
        let mut target = Server::prepare(&engine).await;
        target.run();
        target.stop();
        let own = good(target.say(&["export"])).out;
        let platform = |ndjson: &str| {
            let line = ndjson.lines().find(|line| line.contains(r#""slug":"platform""#));
            let line = line.expect("the platform's group").to_owned();
            let id = json(&line)["id"].as_str().expect("an id").to_owned();
            (line, id)
        };
        let ((their_line, theirs), (our_line, ours)) = (platform(&first), platform(&own));
        assert_ne!(theirs, ours);

        let out = file(&target, "in.ndjson", &first);
        let said = good(target.say(&["import", &out, "--json"]));
        assert_eq!(summary(&said)["refused"], 0);
        assert_eq!(summary(&said)["skipped"], 1, "the platform's group: {said:?}");
        let second = good(target.say(&["export"])).out;
        // Only the platform's group is its own: its line, and its id wherever it is named.
        let expected = first.replace(&their_line, &our_line).replace(&theirs, &ours);
        assert_eq!(differences(&expected, &second), Vec::<&str>::new());
        assert!(second.lines().any(|line| line.contains("platform_owner") && line.contains(&ours)));
        // It is still a server, and what was imported can be read and found.
        target.run();
        let door = Person::nobody(target.url());
        let token = target.setup_token().expect("setup is open").to_owned();
        let root = json!({"token": token, "name": "Root", "email": "root@example.com",
                          "password": crate::stage::PASSWORD});
        door.post("/v1/setup", root).await.was(200);
        let root = crate::stage::sign_in(&door, "root").await;
        let found = root.walk("/v1/groups").await;
        assert!(found.iter().any(|group| group["slug"] == "acme-lab"), "{found:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_exported_with_what_is_below_it_and_nothing_else() {
    for engine in Engine::all() {
        let source = furnish(&engine).await.server;
        for (slug, there, absent) in [
            ("acme", &["acme-lab", "acme-attic", "secret", "bob@"][..], &["globex", "carol@"][..]),
            // Its types come from above, a connection to a note above stays behind.
            (
                "acme-lab",
                &["late parent", "made_of", "\"part\"", "alice@"],
                &["secret", "heirloom"],
            ),
            ("globex", &["carol@"], &["acme", "bob@", "part"]),
        ] {
            let part = good(source.say(&["export", "--group", slug])).out;
            for word in there {
                assert!(part.contains(word), "{slug} has {word}: {part}");
            }
            for word in absent {
                assert!(!part.contains(word), "{slug} has no {word}: {part}");
            }
            let target = Server::prepare(&Engine::Sqlite).await;
            let moved = file(&target, "part.ndjson", &part);
            good(target.say(&["import", &moved]));
            let second = good(target.say(&["export"])).out;
            assert_eq!(differences(&part, &second), [""; 0], "{slug}");
            // A part is told group by group, and so is the same part again.
            let again = good(target.say(&["export", "--group", slug])).out;
            assert!(again == part, "{slug} in another order");
        }
        let said = source.say(&["export", "--group", "nowhere"]);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.err.contains("there is no group `nowhere`"), "{said:?}");
        assert_eq!(said.out, "");
    }
}

/// Both stay connected to what they were connected to, and so they are where the store is moved.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_of_who_left_and_of_what_was_moved_are_imported() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        let (alice, bob, acme) = (stage.alice(), stage.bob(), stage.acme.clone());
        let below = json!({"slug": "mover", "name": "Mover", "type": "business",
                           "parentGroupId": acme});
        let below = alice.post("/v1/groups", below).await.was(201).id();
        let note = async |group: &str| {
            let note = json!({"groupId": group, "type": "note", "name": "note"});
            alice.post("/v1/things", note).await.was(201).id()
        };
        let (stays, goes) = (note(&acme).await, note(&below).await);
        let between = json!({"type": "part_of", "fromId": stays, "toId": goes});
        let of_bob = json!({"type": "owns", "fromId": bob.id, "toId": stays});
        alice.post("/v1/connections", between).await.was(201);
        bob.post("/v1/connections", of_bob).await.was(201);
        alice.patch(&format!("/v1/groups/{below}"), json!({"parentGroupId": null})).await.was(200);
        alice.delete(&format!("/v1/people/{}?groupId={acme}", bob.id)).await.was(204);
        stage.server.stop();
        let first = good(stage.server.say(&["export"])).out;
        let edges = first.lines().filter(|line| json(line)["kind"] == "connection").count();
        assert_eq!(edges, 2, "{first}");
        let target = Server::prepare(&engine).await;
        let moved = file(&target, "in.ndjson", &first);
        good(target.say(&["import", &moved]));
        let second = good(target.say(&["export"])).out;
        assert_eq!(differences(&first, &second), [""; 0]);
    }
}

#[tokio::test]
async fn an_input_that_cannot_be_read_makes_nothing() {
    let server = Server::prepare(&Engine::Sqlite).await;
    let folder = text(server.folder());
    for (path, part) in [("missing.ndjson", "missing.ndjson"), (folder.as_str(), "is a directory")]
    {
        let said = server.say(&["import", path]);
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.starts_with("error: ") && said.err.contains(part), "{said:?}");
        assert!(!server.data_dir().exists());
    }
    let empty = file(&server, "empty.ndjson", "");
    let said = good(server.say(&["import", &empty, "--json"]));
    assert_eq!(summary(&said)["lines"], 0, "{said:?}");
}

#[tokio::test]
async fn a_file_that_a_server_holds_is_not_imported_into() {
    let server = Server::start(&Engine::Sqlite).await;
    let file = file(&server, "in.ndjson", input().join("\n"));
    for arguments in [&["import", &file][..], &["import", &file, "--dry-run"], &["export"]] {
        let said = server.say(arguments);
        assert_eq!(said.code, 3, "{said:?}");
        assert!(said.err.contains("in use by another sixfold process"), "{said:?}");
        assert_eq!(said.out, "");
    }
    // PostgreSQL has room for both.
    for engine in Engine::all().into_iter().filter(|engine| *engine != Engine::Sqlite) {
        let stage = Stage::open(&engine).await;
        let lines = input();
        let file = self::file(&stage.server, "in.ndjson", lines.join("\n"));
        let said = good(stage.server.say(&["import", &file, "--json"]));
        assert_eq!(summary(&said)["stored"], lines.len());
        let path = format!("/v1/things?groupId={GROUP}");
        assert_eq!(stage.root().walk(&path).await.len(), 3);
    }
}

#[tokio::test]
async fn an_output_that_is_full_or_gone_is_told() {
    let server = Server::prepare(&Engine::Sqlite).await;
    let file = file(&server, "in.ndjson", input().join("\n"));
    good(server.say(&["import", &file]));
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    if let Ok(full) = full {
        let output = server.command(&["export"]).stdout(full).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("error: The output cannot be written"), "{said}");
    }
    let nowhere = text(&server.folder().join("no/such/folder.ndjson"));
    let said = server.say(&["export", &nowhere]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("folder.ndjson cannot be written"), "{said:?}");
}
