//! Backups by the clock and by request, what is kept of them, and how a failing one is seen.

use std::time::{Duration, Instant};

use serde_json::{Value, json as body};

use super::{PATIENCE, create, fatten, good, json, names, until};
use crate::engines::Engine;
use crate::observability;
use crate::people::Person;
use crate::process::text;
use crate::stage::{Stage, alone_on_both, sign_in};
use crate::store;

const SCHEDULE: &str = "15 3 * * *";

/// Starts it; who owns it.
fn started(stage: &mut Stage) -> Person {
    stage.server.run();
    stage.root().at(stage.server.url()).fresh()
}

/// Starts it as if a tick had been missed.
async fn tick(stage: &mut Stage) -> Person {
    store::run(stage, "update job_schedules set next_at = 1 where name = 'ops.backup'").await;
    store::run(stage, "delete from jobs where kind = 'ops.backup'").await;
    started(stage)
}

/// Waits until there is such a job that makes a backup.
async fn job_is(root: &Person, is: impl Fn(&Value) -> bool) {
    let there = |said: &Value| said["data"].as_array().into_iter().flatten().any(&is);
    until(root, "/v1/jobs?kind=ops.backup", there).await;
}

/// Starts it as if a tick had been missed, and waits until that was made up for.
async fn missed_tick(stage: &mut Stage, state: &str) -> Person {
    let root = tick(stage).await;
    job_is(&root, |job| job["state"] == state).await;
    root
}

/// Runs the server until it has written down when it is due.
async fn scheduled(stage: &mut Stage) {
    stage.server.run();
    let deadline = Instant::now() + PATIENCE;
    while store::count(stage, "job_schedules where name = 'ops.backup'").await == 0 {
        assert!(Instant::now() < deadline, "nothing is due");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stage.server.stop();
}

/// Where what happens to the house is told.
async fn platform_log(root: &Person) -> String {
    let groups = root.walk("/v1/groups").await;
    let platform = groups.iter().find(|group| group["slug"] == "platform").expect("the platform");
    format!("/v1/events?groupId={}", platform["id"].as_str().unwrap_or_default())
}

/// Somebody has the turn until this is dropped.
fn turn(stage: &Stage) -> std::fs::File {
    let lock = stage.server.data_dir().join("backups.lock");
    let turn = std::fs::File::options().create(true).truncate(false).write(true).open(lock);
    let turn = turn.expect("a file");
    turn.try_lock().expect("it is free");
    turn
}

/// A server at rest that keeps the newest two of its schedule.
async fn keeping_two() -> Stage {
    let mut stage = Stage::open(&Engine::Sqlite).await;
    let to = text(&stage.server.folder().join("backups"));
    for (name, value) in [
        ("SIXFOLD_BACKUP_TO", to.as_str()),
        ("SIXFOLD_BACKUP_EVERY", SCHEDULE),
        ("SIXFOLD_BACKUP_UNENCRYPTED", "true"),
        ("SIXFOLD_BACKUP_KEEP_LAST", "2"),
        ("SIXFOLD_BACKUP_KEEP_DAILY", "0"),
        ("SIXFOLD_BACKUP_KEEP_WEEKLY", "0"),
        ("SIXFOLD_BACKUP_KEEP_MONTHLY", "0"),
    ] {
        stage.server.set(name, value);
    }
    stage.server.stop();
    stage
}

#[tokio::test]
async fn the_schedule_keeps_what_it_should_and_deletes_only_its_own() {
    let mut stage = keeping_two().await;
    let folder = stage.server.folder().join("backups");
    // What somebody asked for, and what is none of ours.
    let manual = create(&stage.server, &folder, &[]);
    std::fs::write(folder.join("sixfold-other.backup"), "not ours").expect("a file");
    std::fs::write(folder.join("letters.txt"), "not even alike").expect("a file");
    // The first start writes the schedule down.
    scheduled(&mut stage).await;
    let mut made = Vec::new();
    for round in 0..4 {
        let root = missed_tick(&mut stage, "done").await;
        let list = root.get("/v1/backups").await.was(200).json();
        let scheduled = list["data"].as_array().expect("backups").iter();
        let scheduled: Vec<_> = scheduled
            .filter(|one| one["about"]["kind"] == "scheduled")
            .filter_map(|one| one["name"].as_str().map(str::to_owned))
            .collect();
        assert_eq!(scheduled.len(), (round + 1).min(2), "{list}");
        let newest = scheduled.into_iter().find(|name| !made.contains(name));
        made.push(newest.expect("a new one"));
        let foreign = list["data"].as_array().into_iter().flatten();
        let mut foreign = foreign.filter(|one| one["problem"].is_string());
        assert_eq!(foreign.next().map(|one| &one["name"]), Some(&body!("sixfold-other.backup")));
        let status = root.get("/v1/backups/status").await.was(200).json();
        assert_eq!((&status["every"], &status["place"]), (&body!(SCHEDULE), &body!("folder")));
        assert_eq!((&status["last"]["ok"], &status["jobId"]), (&body!(true), &body!(null)));
        assert!(status["nextAt"].as_str().is_some_and(|at| at.contains("T03:15:00")), "{status}");
        stage.server.stop();
    }
    let there = names(&folder);
    let manual = manual.file_name().expect("a name").to_string_lossy().into_owned();
    let mut expected = vec![manual, "sixfold-other.backup".to_owned(), "letters.txt".to_owned()];
    // Names of one second do not sort by age: any two of the four may be the newest.
    expected.extend(there.iter().filter(|name| made.contains(name)).cloned());
    expected.sort();
    assert_eq!((there.len(), there), (5, expected));

    stage.server.run();
    let page = observability::page(stage.server.url()).await;
    let good = observability::value(&page, "sixfold_backup_last_success_timestamp_seconds");
    assert!(good > 1.7e9, "{page}");
    let root = stage.root().at(stage.server.url()).fresh();
    let log = platform_log(&root).await;
    let count =
        |events: &[Value], kind: &str| events.iter().filter(|event| event["type"] == kind).count();
    let events = root.walk(&log).await;
    assert_eq!((count(&events, "backup_created"), count(&events, "backups_deleted")), (4, 2));
    let seen = stage.alice().at(&root.base).walk(&log).await;
    assert!(!seen.iter().any(|event| event["type"].to_string().contains("backup")), "{seen:?}");
}

#[tokio::test]
async fn a_failing_backup_is_seen() {
    let mut stage = Stage::open(&Engine::Sqlite).await;
    stage.server.stop();
    std::fs::write(stage.server.folder().join("file"), "in the way").expect("a file");
    let (wrong, right) =
        (stage.server.folder().join("file/backups"), stage.server.folder().join("backups"));
    stage.server.set("SIXFOLD_BACKUP_TO", &text(&wrong));
    stage.server.set("SIXFOLD_BACKUP_EVERY", SCHEDULE);
    stage.server.set("SIXFOLD_BACKUP_UNENCRYPTED", "true");
    scheduled(&mut stage).await;
    let mut root = tick(&mut stage).await;
    // It is tried again by and by. What was no try, a busy turn or a restart, is none of them.
    for (tries, pause) in [(1_i64, 60_i64), (2, 300), (3, 900)] {
        let failed = |job: &Value| job["state"] == "queued" && job["payload"]["failed"] == tries;
        job_is(&root, failed).await;
        stage.server.stop();
        // The pause begins a little before its end is stored.
        let micros = (pause - 1) * 1_000_000;
        let waits = format!("jobs where kind = 'ops.backup' and run_at - updated_at > {micros}");
        assert_eq!(store::count(&stage, &waits).await, 1, "{tries}");
        let due = "update jobs set run_at = 1, attempts = attempts + 5 where kind = 'ops.backup'";
        store::run(&stage, due).await;
        root = started(&mut stage);
    }
    job_is(&root, |job| job["state"] == "dead").await;
    let status = root.get("/v1/backups/status").await.was(200).json();
    assert_eq!(status["last"]["ok"], false, "{status}");
    assert_eq!(status["last"]["errorCode"], "backup_unwritable", "{status}");
    assert_eq!(status["lastGood"], body!(null), "{status}");
    assert!(stage.server.told().contains("a backup failed"), "{}", stage.server.told());
    let events = root.walk(&platform_log(&root).await).await;
    let failures = events.iter().filter(|event| event["type"] == "backup_failed");
    let mut told: Vec<_> = failures
        .map(|event| (event["metadata"]["attempt"].as_i64(), event["metadata"]["last"].as_bool()))
        .collect();
    told.sort();
    let expected = [(1, false), (2, false), (3, false), (4, true)];
    assert_eq!(told, expected.map(|(attempt, last)| (Some(attempt), Some(last))));
    let doctor = stage.server.say(&["doctor"]);
    assert_eq!(doctor.code, 1);
    assert!(doctor.out.contains("✗ backups: the last one failed"), "{doctor:?}");
    assert!(!status.to_string().contains("file/backups"), "where is for the log: {status}");
    // One that somebody makes is none of the schedule's; one of those that goes well ends it.
    stage.server.stop();
    stage.server.set("SIXFOLD_BACKUP_TO", &text(&right));
    good(stage.server.say(&["backup", "create"]));
    let doctor = stage.server.say(&["doctor"]);
    assert!(doctor.out.contains("✗ backups: the last one failed"), "{doctor:?}");
    missed_tick(&mut stage, "done").await;
    let doctor = good(stage.server.say(&["doctor"]));
    assert!(doctor.out.contains("✓ backups: the last one is of"), "{doctor:?}");
    // What was made by a clock that was ahead does not stand for those until then.
    let file = stage.server.data_dir().join("backups.json");
    let told = std::fs::read(&file).expect("what is remembered");
    let mut told: Value = serde_json::from_slice(&told).expect("JSON");
    told["lastGoodScheduled"]["startedAt"] = body!("2999-01-01T00:00:00.000Z");
    std::fs::write(&file, told.to_string()).expect("a file");
    let doctor = stage.server.say(&["doctor"]);
    assert_eq!(doctor.code, 1, "{doctor:?}");
    assert!(doctor.out.contains("which is still to come"), "{doctor:?}");
    let page = observability::page(stage.server.url()).await;
    let good = observability::value(&page, "sixfold_backup_last_success_timestamp_seconds");
    assert!(good < 1e10, "{page}");
}

#[tokio::test]
async fn owners_of_the_platform_start_one_and_a_killed_server_makes_it_all_the_same() {
    let mut stage = Stage::open(&Engine::Sqlite).await;
    stage.server.stop();
    fatten(&stage.server, 16);
    let folder = stage.server.folder().join("backups");
    stage.server.set("SIXFOLD_BACKUP_TO", &text(&folder));
    stage.server.set("SIXFOLD_BACKUP_PASSPHRASE", "correct horse battery");
    stage.server.run();
    let root = stage.root().at(stage.server.url()).fresh();
    let job = root.post("/v1/backups", body!({})).await.was(202).text_at("/jobId");
    let again = root.post("/v1/backups", body!({})).await.was(202).text_at("/jobId");
    assert_eq!(job, again, "there is one at a time");
    until(&root, &format!("/v1/jobs/{job}"), |job| job["state"] == "running").await;
    stage.server.kill();
    stage.server.run();
    let root = root.at(stage.server.url()).fresh();
    let done = until(&root, &format!("/v1/jobs/{job}"), |job| job["state"] == "done").await;
    assert!(done["result"]["bytes"].as_u64().is_some_and(|bytes| bytes > 16 << 20), "{done}");
    let list = root.get("/v1/backups").await.was(200).json();
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1), "{list}");
    let name = list["data"][0]["name"].as_str().expect("a name").to_owned();
    assert_eq!(list["data"][0]["about"]["encryption"], "passphrase", "{list}");
    assert_eq!(names(&folder), [name.clone()], "nothing is left of the first try");
    // Beside the server, with the passphrase of the settings.
    let said = json(&good(stage.server.say(&["backup", "verify", &name, "--json"])).out);
    assert_eq!(said["ok"], true);
}

#[tokio::test]
async fn without_a_place_or_on_postgresql_it_is_said() {
    alone_on_both(async |stage| {
        let root = stage.root();
        let code = match stage.engine {
            Engine::Sqlite => "backup_not_configured",
            Engine::Postgres(_) => "backup_of_postgres",
        };
        // The code names PostgreSQL, which no other problem does.
        let refused = root.post("/v1/backups", body!({})).await.was(409);
        assert_eq!(refused.code(), code);
        let list = root.get("/v1/backups").await.was(200).json();
        assert_eq!(list, body!({ "data": [] }));
        let status = root.get("/v1/backups/status").await.was(200).json();
        assert_eq!(status["supported"], stage.engine == Engine::Sqlite, "{status}");
        assert_eq!(status["place"], body!(null), "{status}");
        if code == "backup_of_postgres" {
            let to = text(&stage.server.folder().join("backups"));
            let create = ["backup", "create", "--unencrypted", "--json", "--to", &to];
            super::bad(&stage.server.say(&create), code);
            super::bad(&stage.server.say(&["backup", "restore", "x", "--json"]), code);
        }
    })
    .await;
}

#[tokio::test]
async fn while_somebody_makes_one_the_schedule_waits_for_its_turn() {
    let mut stage = keeping_two().await;
    scheduled(&mut stage).await;
    let turn = turn(&stage);
    store::run(&stage, "update job_schedules set next_at = 1 where name = 'ops.backup'").await;
    stage.server.run();
    let root = stage.root().at(stage.server.url()).fresh();
    job_is(&root, |job| job["attempts"].as_i64().is_some_and(|attempts| attempts > 1)).await;
    let status = root.get("/v1/backups/status").await.was(200).json();
    assert_eq!(status["last"], body!(null), "it is no failure: {status}");
    drop(turn);
    job_is(&root, |job| job["state"] == "done").await;
    let events = root.walk(&platform_log(&root).await).await;
    assert!(!events.iter().any(|event| event["type"] == "backup_failed"), "nothing failed");
}

#[tokio::test]
async fn one_that_is_tried_again_by_hand_has_all_its_tries_though_it_waits_for_its_turn() {
    let mut stage = keeping_two().await;
    scheduled(&mut stage).await;
    let turn = turn(&stage);
    let root = tick(&mut stage).await;
    let waits = |job: &Value| job["state"] == "queued" && job["attempts"] != 0;
    job_is(&root, waits).await;
    stage.server.stop();
    // As one that has failed three times, and waits for its last try.
    let failed = "update jobs set payload = '{\"failed\":3,\"attempt\":4}', attempts = 4, \
                  ready = false, run_at = 4102444800000000 where kind = 'ops.backup'";
    store::run(&stage, failed).await;
    let root = started(&mut stage);
    let jobs = root.get("/v1/jobs?kind=ops.backup").await.was(200);
    let retry = format!("/v1/jobs/{}/retry", jobs.text_at("/data/0/id"));
    root.send(root.request(reqwest::Method::POST, &retry)).await.was(200);
    job_is(&root, |job| waits(job) && job["payload"]["failed"] == 0).await;
    drop(turn);
    job_is(&root, |job| job["state"] == "done").await;
}

#[tokio::test]
async fn a_restored_database_does_not_go_on_with_the_backup_it_came_from() {
    let mut stage = keeping_two().await;
    let folder = stage.server.folder().join("backups");
    scheduled(&mut stage).await;
    for _ in 0..2 {
        missed_tick(&mut stage, "done").await;
        stage.server.stop();
    }
    let before = names(&folder);
    assert_eq!(before.len(), 2, "{before:?}");
    good(stage.server.say(&["backup", "restore", &before[0], "--replace", "--json"]));
    for rest in [
        "jobs where kind = 'ops.backup' and state in ('queued', 'running')",
        "job_schedules where name = 'ops.backup'",
        "challenges",
        "trusted_devices",
        "sessions",
    ] {
        assert_eq!(store::count(&stage, rest).await, 0, "{rest}");
    }
    stage.server.run();
    let root = sign_in(&Person::nobody(stage.server.url()), "root").await;
    let status = root.get("/v1/backups/status").await.was(200).json();
    assert!(status["nextAt"].as_str().is_some_and(|at| at.contains("T03:15:00")), "{status}");
    assert_eq!(status["jobId"], body!(null), "{status}");
    assert_eq!(names(&folder), before, "nothing was made, and nothing deleted");
}

#[tokio::test]
async fn what_has_had_its_time_is_pruned_by_hand_as_by_the_clock() {
    let mut stage = keeping_two().await;
    let folder = stage.server.folder().join("backups");
    let manual = create(&stage.server, &folder, &[]);
    scheduled(&mut stage).await;
    for _ in 0..2 {
        missed_tick(&mut stage, "done").await;
        stage.server.stop();
    }
    let prune = ["backup", "prune", "--json"];
    let nothing = json(&good(stage.server.say(&prune)).out);
    assert_eq!(nothing, body!({ "deleted": [] }));
    stage.server.set("SIXFOLD_BACKUP_KEEP_LAST", "1");
    let before = names(&folder);
    let rehearsal = json(&good(stage.server.say(&["backup", "prune", "--dry-run", "--json"])).out);
    assert_eq!(names(&folder), before, "{rehearsal}");
    // Beside a server.
    stage.server.run();
    let said = json(&good(stage.server.say(&prune)).out);
    assert_eq!(said["deleted"], rehearsal["deleted"]);
    let gone = said["deleted"][0].as_str().expect("one").to_owned();
    let left: Vec<_> = before.into_iter().filter(|name| *name != gone).collect();
    assert_eq!((names(&folder), left.len()), (left.clone(), 2));
    assert!(manual.exists());
    stage.server.stop();
    // Without the keys nobody knows what is ours.
    std::fs::rename(stage.server.data_dir().join("keys"), stage.server.folder().join("away"))
        .expect("they are moved");
    super::bad(&stage.server.say(&prune), "keys_missing");
    assert_eq!(names(&folder), left);
}
