//! Dry runs on PostgreSQL: they watch nothing that others may change meanwhile, so they lose to
//! nobody.

use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::engines::Engine;
use crate::people::{Answer, Person};
use crate::stage::Stage;

const PATIENCE: Duration = Duration::from_secs(60);
/// Transactions that wait for somebody else's.
const WAITING: &str = "select cast(pid as text) from pg_stat_activity \
     where datname = current_database() and wait_event in ('relation', 'transactionid', 'tuple')";
/// What they have read that the server watches for them, as it does for serializable ones.
const WATCHED: &str = "select cast(l.pid as text) from pg_locks l \
     join pg_stat_activity a on a.pid = l.pid \
     where a.datname = current_database() and l.mode = 'SIReadLock' \
     and a.wait_event in ('relation', 'transactionid', 'tuple')";

/// Sends a dry run while somebody else holds what it needs, looks at it as it waits, and ends what
/// they did there. It is sent once: what it is answered first is what counts.
async fn beside(
    stage: &Stage,
    (hold, end): (&str, &str),
    person: Person,
    dry: RequestBuilder,
) -> Answer {
    let database = stage.server.database().expect("PostgreSQL");
    let other = database.other().await;
    other.batch_execute(&format!("begin; {hold}")).await.expect("it is free");
    let sent = tokio::spawn(async move { person.try_send(dry).await });
    let deadline = Instant::now() + PATIENCE;
    while database.all("everything", WAITING).await.is_empty() {
        assert!(Instant::now() < deadline, "it never waits");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(database.all("everything", WATCHED).await, Vec::<String>::new());
    other.batch_execute(end).await.expect("it is given back");
    sent.await.expect("no panic").expect("an answer")
}

/// A batch of one operation, to be tried.
fn tried(person: &Person, operation: &Value) -> RequestBuilder {
    let batch = json!({ "operations": [operation], "dryRun": true });
    person.request(Method::POST, "/v1/batch").json(&batch)
}

fn servers() -> impl Iterator<Item = Engine> {
    Engine::all().into_iter().filter(|engine| *engine != Engine::Sqlite)
}

#[tokio::test]
async fn dry_runs_watch_nothing_that_others_change() {
    for engine in servers() {
        let stage = Stage::open(&engine).await;
        let alice = stage.alice();
        let note = json!({ "groupId": stage.acme, "type": "note", "name": "held" });
        let id = alice.post("/v1/things", note).await.was(201).id();
        let change = json!({ "method": "PATCH", "path": format!("/v1/things/{id}"),
            "body": { "name": "tried" } });
        let dry = tried(&alice, &change);
        let hold = "update things set version = version where name = 'held'";
        let answer = beside(&stage, (hold, "rollback"), alice.clone(), dry).await;
        let tried = answer.was(200).json();
        assert_eq!(tried["results"][0]["body"]["name"], "tried", "{tried}");
        let kept = alice.get(&format!("/v1/things/{id}")).await.was(200).json();
        assert_eq!(kept["name"], "held");

        let root = stage.root();
        let line = json!({ "email": "dry@example.com", "name": "Dry" }).to_string();
        let dry = root
            .request(Method::POST, "/v1/users/import?dryRun=true")
            .header("content-type", "application/x-ndjson")
            .body(line);
        let hold = "lock table users in share mode";
        let answer = beside(&stage, (hold, "rollback"), root.clone(), dry).await;
        let tried = answer.was(200).json();
        assert_eq!(tried["summary"]["created"], 1, "{tried}");
    }
}

#[tokio::test]
async fn dry_runs_go_by_what_others_have_changed_meanwhile() {
    for engine in servers() {
        let stage = Stage::open(&engine).await;
        let alice = stage.alice();
        let changed = "update things set version = version + 1 where name = ";
        let gone = "delete from things where name = ";
        for (number, (method, others, status)) in (1..).zip([
            (Method::PATCH, changed, 200),
            (Method::PATCH, gone, 404),
            (Method::DELETE, changed, 200),
            (Method::DELETE, gone, 404),
        ]) {
            let name = format!("held {number}");
            let note = json!({ "groupId": stage.acme, "type": "note", "name": name });
            let made = alice.post("/v1/things", note).await.was(201);
            let path = format!("/v1/things/{}", made.id());
            let operation = match method {
                Method::PATCH => {
                    json!({ "method": "PATCH", "path": path, "body": { "name": "tried" } })
                }
                _ => json!({ "method": "DELETE", "path": format!("{path}?permanent=true") }),
            };
            let hold = format!("{others}'{name}'");
            let dry = tried(&alice, &operation);
            let answer =
                beside(&stage, (hold.as_str(), "commit"), alice.clone(), dry).await.was(status);
            if method == Method::PATCH && status == 200 {
                let before = made.json()["version"].as_u64().expect("a version");
                assert_eq!(answer.json()["results"][0]["version"], before + 2, "{answer:?}");
            }
            alice.get(&path).await.was(status);
        }
    }
}
