//! Old events go as a plan says: to a file first, never before they were read, and not behind the
//! back of whoever reads the log with a cursor.

use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};

use super::queries::paged;
use super::{each, log, note, rows, team, until};
use crate::engines::Engine;
use crate::people::{Person, encoded};
use crate::stage::{Stage, on_both};
use crate::store;

const OLD: &str = "from=2014-01-01T00:00:00Z&to=2015-01-01T00:00:00Z";

/// Six events of 2014 and one of today.
async fn history(person: &Person, group: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for day in 1..=6 {
        let body = json!({ "groupId": group, "type": "task_event", "metadata": { "day": day },
            "timestamp": format!("2014-01-0{day}T00:00:00Z") });
        ids.push(person.post("/v1/events", body).await.was(201).id());
    }
    note(person, group, "of today").await;
    ids
}

async fn keep_for(person: &Person, group: &str, days: u32) {
    let body = json!({ "settings": { "limits": { "eventRetentionDays": days } } });
    person.patch(&format!("/v1/groups/{group}"), body).await.was(200);
}

/// Starts the server again, looking after old events every second.
fn again(stage: &mut Stage) {
    stage.server.stop();
    stage.server.set("SIXFOLD_RETENTION_EVERY_S", "1");
    stage.server.run();
}

fn kept(stage: &Stage, group: &str) -> Vec<Value> {
    let folder = stage.server.data_dir().join("archive").join("events").join(group);
    let mut lines = Vec::new();
    for file in std::fs::read_dir(folder).into_iter().flatten() {
        let file = file.expect("a file");
        // One that is being written has another name.
        if file.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let file = std::fs::File::open(file.path()).expect("it opens");
        let mut text = String::new();
        MultiGzDecoder::new(file).read_to_string(&mut text).expect("gzip");
        lines.extend(text.lines().map(|line| serde_json::from_str(line).expect("JSON")));
    }
    lines
}

#[tokio::test]
async fn what_is_older_than_the_plan_keeps_goes_to_a_file_and_from_the_log() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        let alice = stage.alice();
        let team = team(&stage, "forgetful").await;
        let other = crate::stage::group(&alice, "remembers", "Remembers").await;
        let gone = history(&alice, &team).await;
        history(&alice, &other).await;
        keep_for(&alice, &team, 90).await;
        let before = rows(&alice, &format!("/v1/events?groupId={team}&{OLD}")).await;
        let whole = log(&alice, &team).await;
        let forth = format!("/v1/events?groupId={team}&sort=createdAt&limit=2");
        let cursor = alice.get(&forth).await.was(200).text_at("/nextCursor");
        let by_time = format!("/v1/events?groupId={team}&sort=timestamp&limit=2");
        let timed = alice.get(&by_time).await.was(200).text_at("/nextCursor");
        let back = format!("/v1/events?groupId={team}&limit=2");
        let backward = alice.get(&back).await.was(200).text_at("/nextCursor");
        let others = format!("/v1/events?groupId={other}&sort=createdAt&limit=2");
        let elsewhere = alice.get(&others).await.was(200).text_at("/nextCursor");

        again(&mut stage);
        let alice = alice.at(stage.server.url());
        let old = format!("/v1/events?groupId={team}&{OLD}&count=exact");
        let ask = async || alice.get(&old).await.was(200).json()["total"].clone();
        assert_eq!(until(ask, |total| *total == 0).await, 0);
        let told = format!("/v1/events?groupId={team}&type=events_deleted");
        let told = until(async || rows(&alice, &told).await, |rows| !rows.is_empty()).await;
        assert_eq!(told.len(), 1, "{told:?}");
        let metadata = &told[0]["metadata"];
        assert_eq!((&metadata["count"], &metadata["archived"]), (&json!(6), &json!(true)));
        assert_eq!(metadata["eventRetentionDays"], 90);

        let mut kept = kept(&stage, &team);
        kept.sort_by_key(|one| std::cmp::Reverse(one["seq"].as_i64()));
        assert_eq!(kept, before, "the file has what the list had");
        alice.get(&format!("/v1/events/{}", gone[0])).await.was_problem(404, "not_found");
        let left = log(&alice, &team).await;
        let expected: Vec<String> =
            each(&whole, "id").into_iter().filter(|id| !gone.contains(id)).collect();
        assert_eq!(each(&left, "id")[..expected.len()], expected);

        // Whoever read forth is told; whoever reads back, or elsewhere, goes on.
        for (list, cursor) in [(&forth, &cursor), (&by_time, &timed)] {
            let path = format!("{list}&cursor={cursor}");
            alice.get(&path).await.was_problem(410, "resync_required");
        }
        alice.get(&format!("{back}&cursor={backward}")).await.was(200);
        alice.get(&format!("{others}&cursor={elsewhere}")).await.was(200);
        assert_eq!(rows(&alice, &format!("/v1/events?groupId={other}&{OLD}")).await.len(), 6);
        // A new start reads all there is, although less of it is old than what is gone.
        for sort in ["createdAt", "timestamp"] {
            let list = format!("/v1/events?groupId={team}&sort={sort}");
            let read = paged(&alice, &list, 2).await;
            assert_eq!(each(&read, "id").len(), left.len(), "{sort}");
        }
    }
}

#[tokio::test]
async fn nothing_goes_before_every_follower_has_read_it() {
    for engine in Engine::all() {
        let mut stage = Stage::open(&engine).await;
        let alice = stage.alice();
        let team = team(&stage, "unread").await;
        history(&alice, &team).await;
        keep_for(&alice, &team, 0).await;
        let first = log(&alice, &team).await[0]["seq"].as_i64().expect("a place in the log");
        stage.server.stop();
        let statement = format!(
            "insert into cursors (name, xid, seq, updated_at) \
             select 'slow', {}, seq, 0 from events where seq = {first}",
            if engine == Engine::Sqlite { "0" } else { "xid" }
        );
        store::run(&stage, &statement).await;
        stage.server.set("SIXFOLD_RETENTION_EVERY_S", "1");
        stage.server.set("SIXFOLD_RETENTION_ARCHIVE", "false");
        stage.server.run();
        let alice = alice.at(stage.server.url());
        // What it has read goes, and what says so shows that the round came by.
        let told = format!("/v1/events?groupId={team}&type=events_deleted");
        let told = until(async || rows(&alice, &told).await, |rows| !rows.is_empty()).await;
        assert_eq!(told[0]["metadata"]["count"], 1, "{told:?}");
        assert_eq!(told[0]["metadata"]["archived"], false);
        let path = format!("/v1/events?groupId={team}&{OLD}");
        assert_eq!(rows(&alice, &path).await.len(), 6, "unread ones stay");
        assert!(!stage.server.data_dir().join("archive").exists());
        stage.server.stop();
        store::run(&stage, "delete from cursors where name = 'slow'").await;
        stage.server.run();
        let alice = alice.at(stage.server.url());
        let left = until(async || rows(&alice, &path).await, Vec::is_empty).await;
        assert_eq!(left, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn an_export_has_what_the_list_has() {
    on_both(async |stage| {
        let (alice, bob) = (stage.alice(), stage.bob());
        let team = team(stage, "event-export").await;
        history(&alice, &team).await;
        super::secret(&alice, &team, "hidden").await;
        for person in [&alice, &bob] {
            let wanted = log(person, &team).await;
            let answer = person.get(&format!("/v1/events/export?groupId={team}")).await.was(200);
            assert_eq!(answer.header("content-type"), "application/x-ndjson");
            let mut lines: Vec<Value> =
                answer.text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
            assert_eq!(lines.pop(), Some(json!({ "kind": "end", "rows": wanted.len() })));
            assert_eq!(lines, wanted);
        }
        let filter = encoded("metadata.day > 2");
        let some = format!("/v1/events/export?groupId={team}&{OLD}&filter={filter}");
        let answer = bob.get(&some).await.was(200);
        assert_eq!(answer.text.lines().count(), 5, "{answer:?}");
        let table = bob.get(&format!("{some}&format=csv&type=task_event")).await.was(200);
        assert_eq!(table.text.lines().count(), 5, "{table:?}");
        let path = format!("/v1/events/export?groupId={team}&filter=colour");
        super::refused(bob.get(&path).await, "filter", "unknown_field");
        super::refused(bob.get("/v1/events/export").await, "groupId", "missing_parameter");
        let path = format!("/v1/events/export?groupId={team}");
        stage.carol().get(&path).await.was_problem(404, "not_found");
    })
    .await;
}
