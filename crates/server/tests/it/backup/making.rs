//! What is in a backup, and what is left of one that did not get to its end.

use std::collections::{HashMap, HashSet};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json as body};

use super::{PATIENCE, at_rest, bad, create, elsewhere, fatten, good, json, names};
use crate::engines::Engine;
use crate::people::Person;
use crate::process::text;
use crate::stage::{Stage, sign_in};

const WRITERS: usize = 8;

/// Writes until it is told to stop; ids that were acknowledged go into the ledger.
async fn write(alice: Person, group: String, ledger: Arc<Mutex<Vec<String>>>, on: Arc<AtomicBool>) {
    while on.load(Ordering::Acquire) {
        let thing = body!({ "groupId": group, "type": "note", "name": "n" });
        let sent = alice.request(Method::POST, "/v1/things").json(&thing);
        let answer = alice.send(sent).await.was(201);
        ledger.lock().expect("the ledger").push(answer.id());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_beside_a_writer_has_what_was_acknowledged_before_it_began() {
    let mut stage = Stage::open(&Engine::Sqlite).await;
    let folder = stage.server.folder().join("backups");
    let (ledger, on) = (Arc::default(), Arc::new(AtomicBool::new(true)));
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        let ledger: &Arc<Mutex<Vec<String>>> = &ledger;
        let (alice, group) = (stage.alice(), stage.acme.clone());
        writers.spawn(write(alice, group, Arc::clone(ledger), Arc::clone(&on)));
    }
    while ledger.lock().expect("the ledger").len() < 200 {
        tokio::task::yield_now().await;
    }
    let before = ledger.lock().expect("the ledger").clone();
    let made = tokio::task::block_in_place(|| create(&stage.server, &folder, &["--unencrypted"]));
    let after = ledger.lock().expect("the ledger").len();
    on.store(false, Ordering::Release);
    writers.join_all().await;
    assert!(after > before.len(), "nobody waited for the backup");
    assert_eq!(stage.server.stop().code(), Some(0));

    let mut other = elsewhere(&stage.server);
    let path = text(&made);
    let checked = json(&good(other.say(&["backup", "verify", &path, "--json"])).out);
    let restored = json(&good(other.say(&["backup", "restore", &path, "--json"])).out);
    assert_eq!((&restored["keys"], &restored["rows"]), (&body!("fit"), &checked["rows"]));
    good(other.say(&["doctor"]));
    other.run();
    let alice = sign_in(&Person::nobody(other.url()), "alice").await;
    let group = &stage.acme;
    let things = alice.walk(&format!("/v1/things?groupId={group}&type=note")).await;
    let there: HashSet<&str> = things.iter().filter_map(|thing| thing["id"].as_str()).collect();
    let lost = before.iter().filter(|id| !there.contains(id.as_str())).count();
    assert_eq!(lost, 0, "acknowledged before it began, and not in it");
    // It is of one moment: each thing has its one event, and no event is without its thing.
    let mut of: HashMap<String, usize> = HashMap::new();
    for event in alice.walk(&format!("/v1/events?groupId={group}&type=thing_created")).await {
        *of.entry(event["targetId"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    assert_eq!(of.len(), there.len());
    assert!(there.iter().all(|id| of.get(*id) == Some(&1)));
    // And one can go on from there.
    let note = body!({ "groupId": group, "type": "note", "name": "after" });
    alice.post("/v1/things", note).await.was(201);
}

#[tokio::test]
async fn a_backup_says_what_is_in_it() {
    let stage = at_rest().await;
    let folder = stage.server.folder().join("backups");
    let made = create(&stage.server, &folder, &["--unencrypted"]);
    let list = json(&good(stage.server.say(&["backup", "list", &text(&folder), "--json"])).out);
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
    let said = &list[0]["manifest"];
    assert_eq!(said["name"], made.file_name().expect("a name").to_string_lossy().as_ref());
    assert_eq!((&said["kind"], &said["engine"]), (&body!("manual"), &body!("sqlite")));
    assert_eq!((&said["encryption"], &said["includesKeys"]), (&body!("none"), &body!(false)));
    assert!(said["eventSeq"].as_i64().is_some_and(|seq| seq > 5), "{said}");
    assert!(said["installation"].as_str().is_some_and(|id| id.starts_with("group_")), "{said}");
    assert!(said["migration"].as_str().is_some_and(|name| name.as_bytes()[0] == b'0'), "{said}");
    let plain = good(stage.server.say(&["backup", "list", &text(&folder)])).out;
    assert!(plain.contains("manual") && plain.contains("KiB"), "{plain}");
    // Anybody can unpack it with what every machine has.
    let unpack = format!(
        "tail -n +3 '{}' | tar -xzf - -C '{}' && ls '{1}'",
        made.display(),
        stage.server.folder().display()
    );
    let out = std::process::Command::new("sh").args(["-c", &unpack]).output().expect("a shell");
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(said.contains("contents.json") && said.contains("sixfold.db"), "{out:?}");
    let inside = std::fs::read_to_string(stage.server.folder().join("contents.json"));
    let inside: Value = json(&inside.expect("its contents"));
    assert!(inside["rows"]["people"].as_u64().is_some_and(|rows| rows >= 5), "{inside}");
}

#[tokio::test]
async fn one_that_is_killed_leaves_nothing_that_looks_whole() {
    let stage = at_rest().await;
    let folder = stage.server.folder().join("backups");
    fatten(&stage.server, 48);
    let scratch = stage.server.data_dir().join("backups.scratch");
    let arguments = ["backup", "create", "--unencrypted", "--to", &text(&folder)];
    // Once while the database is copied, once while the copy is packed.
    for packing in [false, true] {
        let mut child = stage
            .server
            .command(&arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let parts = names(&folder).into_iter().filter(|name| name.ends_with(".part"));
            let begun: u64 = parts
                .map(|name| std::fs::metadata(folder.join(name)).map_or(0, |about| about.len()))
                .sum();
            if (packing && begun > 0) || (!packing && !names(&scratch).is_empty()) {
                break;
            }
            assert!(Instant::now() < deadline && child.try_wait().expect("its state").is_none());
        }
        child.kill().expect("it can be killed");
        child.wait().expect("it is gone");
        assert_eq!(names(&folder).len(), 1, "its part is there: {:?}", names(&folder));
        let list = json(&good(stage.server.say(&["backup", "list", &text(&folder), "--json"])).out);
        assert_eq!(list, body!([]), "nothing of it looks whole");
    }
    let made = create(&stage.server, &folder, &["--unencrypted", "--fast"]);
    let name = made.file_name().expect("a name").to_string_lossy().into_owned();
    assert_eq!(names(&folder), [name], "what was begun is cleared away");
    assert!(!scratch.exists(), "and no copy lies about");
    good(stage.server.say(&["backup", "verify", &text(&made)]));
}

#[tokio::test]
async fn a_restore_puts_aside_what_was_there() {
    let mut stage = at_rest().await;
    let folder = stage.server.folder().join("backups");
    let path = text(&create(&stage.server, &folder, &["--unencrypted"]));
    stage.server.run();
    let alice = stage.alice().at(stage.server.url()).fresh();
    let note = body!({ "groupId": stage.acme, "type": "note", "name": "later" });
    let later = alice.post("/v1/things", note).await.was(201).id();
    // Killed, so that what was written last is in the log beside the database.
    stage.server.kill();
    let arguments = ["backup", "restore", &path, "--replace", "--json"];
    let said = json(&good(stage.server.say(&arguments)).out);
    let aside = said["aside"][0].as_str().expect("the old one").to_owned();
    assert!(said["sessions"].as_u64().is_some_and(|sessions| sessions > 0), "{said}");
    stage.server.run();
    let alice = sign_in(&Person::nobody(stage.server.url()), "alice").await;
    alice.get(&format!("/v1/things/{later}")).await.was(404);
    stage.server.stop();
    // The old one has everything, and goes back into its place.
    let database = stage.server.data_dir().join("sixfold.db");
    std::fs::rename(aside, database).expect("it is moved");
    stage.server.run();
    let alice = stage.alice().at(stage.server.url()).fresh();
    alice.get(&format!("/v1/things/{later}")).await.was(200);
}

#[tokio::test]
async fn what_a_killed_one_has_left_goes_with_the_next_start() {
    let mut stage = at_rest().await;
    let data = stage.server.data_dir();
    for folder in ["backups.scratch", "verify.scratch", "keys.restoring"] {
        std::fs::create_dir(data.join(folder)).expect("a folder");
        std::fs::write(data.join(folder).join("left"), "plain data").expect("a file");
    }
    for file in ["sixfold.db.restoring", "sixfold.db.restoring-journal"] {
        std::fs::write(data.join(file), "plain data").expect("a file");
    }
    stage.server.run();
    let left = names(&data);
    let begun = |name: &&String| name.ends_with(".scratch") || name.contains("restoring");
    assert_eq!(left.iter().find(begun), None, "{left:?}");
}

#[tokio::test]
async fn of_a_damaged_database_there_is_no_backup() {
    let stage = at_rest().await;
    let folder = stage.server.folder().join("backups");
    let path = stage.server.data_dir().join("sixfold.db");
    let store = rusqlite::Connection::open(&path).expect("it opens");
    let number = |sql: &str| store.query_row(sql, [], |row| row.get::<_, i64>(0)).expect(sql);
    let number = |sql: &str| usize::try_from(number(sql)).expect("a number");
    let root = number("select rootpage from sqlite_schema where name = 'people'");
    let size = number("pragma page_size");
    number("select count(*) from people");
    drop(store);
    let mut bytes = std::fs::read(&path).expect("the database");
    bytes[(root - 1) * size..root * size].fill(0xff);
    std::fs::write(&path, bytes).expect("it is written");
    let to = text(&folder);
    let arguments = ["backup", "create", "--json", "--unencrypted", "--to", &to];
    bad(&stage.server.say(&arguments), "database_damaged");
    assert!(names(&folder).is_empty(), "{:?}", names(&folder));
}
