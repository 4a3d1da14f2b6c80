//! A disk without room: who writes is told so, nothing that was acknowledged is lost, who reads
//! goes on, and when there is room again it is as if nothing had happened.
//!
//! Full once by a limit on the size of files, which can be set on a running process and taken
//! away again by anybody; and once in earnest, where a small file system may be mounted in a
//! namespace of the server's own. SQLite only: PostgreSQL's disk is its own business.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use rustix::process::{Resource, Rlimit, prlimit};
use serde_json::json;

use crate::engines::Engine;
use crate::people::{Answer, Person};
use crate::process::{Server, text};
use crate::stage::{Stage, sign_up};

/// Characters of each write.
const TEXT: usize = 20_000;
/// Writes until the disk must be full.
const ENOUGH: usize = 5000;

async fn write(alice: &Person, group: &str, number: usize) -> Answer {
    let body = json!({
        "groupId": group, "type": "note", "name": format!("n{number}"),
        "properties": { "content": "x".repeat(TEXT) },
    });
    alice.post("/v1/things", body).await
}

/// What is written beyond `bytes` of a file fails from now on.
fn leave_room(stage: &Stage, bytes: Option<u64>) {
    let limit = Rlimit { current: bytes, maximum: None };
    prlimit(Some(stage.server.pid()), Resource::Fsize, limit).expect("the limit is set");
}

/// Bytes of the largest file of the database.
fn largest(stage: &Stage) -> u64 {
    let files = std::fs::read_dir(stage.server.data_dir()).expect("the data directory");
    let sizes =
        files.filter_map(|file| file.ok()?.metadata().ok()).filter(std::fs::Metadata::is_file);
    sizes.map(|file| file.len()).max().expect("a file")
}

async fn all_there(alice: &Person, group: &str, acknowledged: &[String]) {
    let path = format!("/v1/things?groupId={group}&type=note");
    let mut there: Vec<_> = alice
        .walk(&path)
        .await
        .iter()
        .filter_map(|one| one["id"].as_str().map(str::to_owned))
        .collect();
    let mut expected = acknowledged.to_vec();
    there.sort();
    expected.sort();
    assert!(there == expected, "{} acknowledged, {} there", expected.len(), there.len());
    let events = alice.walk(&format!("/v1/events?groupId={group}&type=thing_created")).await;
    assert_eq!(events.len(), expected.len(), "an event each");
}

/// Writes until it is refused; every answer is a whole one.
async fn until_refused(alice: &Person, group: &str, acknowledged: &mut Vec<String>) -> Answer {
    for number in 0..ENOUGH {
        let answer = write(alice, group, number).await;
        if answer.status != 201 {
            let (status, code) = (answer.status, answer.code());
            return answer.was_problem(status, &code);
        }
        acknowledged.push(answer.id());
    }
    panic!("the disk is never full");
}

/// There is room: a write succeeds before long.
async fn until_taken(alice: &Person, group: &str, acknowledged: &mut Vec<String>) {
    let patience = Instant::now();
    loop {
        let answer = write(alice, group, ENOUGH).await;
        if answer.status == 201 {
            return acknowledged.push(answer.id());
        }
        assert!(patience.elapsed().as_secs() < 10, "it does not recover: {answer:?}");
    }
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_passes() {
    let mut stage = Stage::open(&Engine::Sqlite).await;
    assert!(stage.server.stop().success());
    // Otherwise the kernel ends whoever writes beyond the limit.
    stage.server.start_through("trap '' XFSZ; exec \"$0\"");
    stage.server.run();
    let alice = stage.alice().at(stage.server.url());
    let group = stage.acme.clone();
    let mut acknowledged = Vec::new();
    for number in 0..20 {
        acknowledged.push(write(&alice, &group, number).await.was(201).id());
    }

    leave_room(&stage, Some(largest(&stage) + 100_000));
    let refused = until_refused(&alice, &group, &mut acknowledged).await;
    assert!(matches!(refused.status, 500 | 503 | 507), "{refused:?}");
    for number in 0..5 {
        let again = write(&alice, &group, number).await;
        assert!(matches!(again.status, 201 | 500 | 503 | 507), "{again:?}");
        if again.status == 201 {
            acknowledged.push(again.id());
        }
    }
    // Reading goes on.
    alice.get("/v1/health").await.was(200);
    all_there(&alice, &group, &acknowledged).await;

    leave_room(&stage, None);
    until_taken(&alice, &group, &mut acknowledged).await;
    all_there(&alice, &group, &acknowledged).await;
    alice.get("/v1/ready").await.was(200);

    stage.server.kill();
    stage.server.run();
    let alice = alice.at(stage.server.url());
    all_there(&alice, &group, &acknowledged).await;
    write(&alice, &group, ENOUGH + 1).await.was(201);
    assert!(stage.server.stop().success());
    assert_eq!(stage.server.say(&["doctor"]).code, 0);
}

/// Whether this machine lets us have a file system of our own.
fn may_mount() -> bool {
    let line = "mount -t tmpfs -o size=1m none /tmp";
    let tried = Command::new("unshare").args(["-rm", "/bin/sh", "-c", line]).output();
    tried.is_ok_and(|output| output.status.success())
}

#[tokio::test]
async fn who_writes_on_a_full_file_system_is_told_by_name() {
    if !may_mount() {
        // Past the harness, which keeps quiet about tests that pass.
        let _ = writeln!(std::io::stderr(), "skipped: no file system may be mounted here");
        return;
    }
    let mut server = Server::prepare(&Engine::Sqlite).await;
    std::fs::create_dir(server.data_dir()).expect("a folder");
    server.start_through(
        "exec unshare -rm /bin/sh -c 'mount -t tmpfs -o size=6m,mode=700 none \"$SIXFOLD_DATA_DIR\" \
         && exec \"$0\"' \"$0\"",
    );
    server.run();
    // Its files, seen from outside its namespace.
    let root = format!("/proc/{}/root", server.pid().as_raw_nonzero());
    let data = server.data_dir();
    let ballast = Path::new(&root).join(data.strip_prefix("/").expect("absolute")).join("ballast");
    std::fs::write(&ballast, vec![0; 1_000_000]).expect("room for ballast");

    let alice = sign_up(&Person::nobody(server.url()), "alice").await;
    let group = alice.home.clone();
    let mut acknowledged = Vec::new();
    let refused = until_refused(&alice, &group, &mut acknowledged).await;
    let refused = refused.was_problem(507, "storage_full");
    assert_eq!(refused.json()["retryable"], true);
    alice.get("/v1/health").await.was(200);
    all_there(&alice, &group, &acknowledged).await;

    std::fs::remove_file(&ballast).expect("thrown out");
    until_taken(&alice, &group, &mut acknowledged).await;
    all_there(&alice, &group, &acknowledged).await;
    assert!(server.stop().success());
}

/// Where exports of groups wait there may be the database, too: what is left to it is not used up.
#[tokio::test]
async fn an_export_that_would_fill_the_disk_is_refused() {
    if !may_mount() {
        let _ = writeln!(std::io::stderr(), "skipped: no file system may be mounted here");
        return;
    }
    let mut server = Server::prepare(&Engine::Sqlite).await;
    let scratch = server.folder().join("scratch");
    std::fs::create_dir(&scratch).expect("a folder");
    server.set("TMPDIR", &text(&scratch));
    server.start_through(
        "exec unshare -rm /bin/sh -c 'mount -t tmpfs -o size=64m,mode=700 none \"$TMPDIR\" \
         && exec \"$0\"' \"$0\"",
    );
    server.run();
    let alice = sign_up(&Person::nobody(server.url()), "alice").await;
    let path = format!("/v1/groups/{}/export", alice.home);
    for _ in 0..2 {
        // And no place is kept for it.
        let refused = alice.get(&path).await.was_problem(507, "export_no_room");
        assert_eq!(refused.json()["retryable"], true);
    }
    let told = alice.walk(&format!("/v1/events?groupId={}", alice.home)).await;
    assert!(told.iter().all(|event| event["type"] != "group_exported"), "{told:?}");
    // What comes page by page needs no room.
    alice.get(&format!("/v1/exports?groupId={}&dimension=events", alice.home)).await.was(200);
    assert!(server.stop().success());
}
