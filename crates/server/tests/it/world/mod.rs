//! The room `world` through the front door: one file for each dimension, and some for what they
//! share.

mod batch;
mod bulk;
mod bundles;
mod connection_rules;
mod connections;
mod contact;
mod crowds;
mod embed;
mod endpoints;
mod event_stats;
mod events;
mod expensive;
mod exports;
mod group_changes;
mod group_deletion;
mod group_tree;
mod groups;
mod history;
mod idempotency;
mod import_kinds;
mod imports;
mod joining;
mod keys;
mod knowledge;
mod lasting;
mod list_queries;
mod lists;
mod members;
mod merge;
mod onboarding;
mod ontology;
mod owners;
mod ownership;
mod paging;
mod people;
mod policy;
mod preferences;
mod privacy;
mod queries;
mod quiet;
mod quotas;
mod retention;
mod review;
mod revisions;
mod search;
mod storage;
mod tenants;
mod thing_life;
mod things;
mod types;
mod types_followed;
mod validation;
mod visibility;
mod websites;

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::people::{Answer, Person};
use crate::stage::{Stage, group, member};

/// How long something may take that follows the event log.
const PATIENCE: Duration = Duration::from_secs(60);

/// A group of Alice's for one test; Bob works there, Vera may look.
async fn team(stage: &Stage, slug: &str) -> String {
    let alice = stage.alice();
    let team = group(&alice, slug, slug).await;
    member(&alice, &team, &stage.bob(), "group_user").await;
    member(&alice, &team, &stage.vera(), "customer").await;
    team
}

/// A group below another one.
async fn below(owner: &Person, parent: &str, slug: &str) -> String {
    let body = json!({ "slug": slug, "name": slug, "type": "business", "parentGroupId": parent });
    owner.post("/v1/groups", body).await.was(201).id()
}

/// A note; its id.
async fn note(owner: &Person, group: &str, name: &str) -> String {
    thing(owner, json!({ "groupId": group, "type": "note", "name": name })).await
}

/// A note that only its owner and owners of the group see.
async fn secret(owner: &Person, group: &str, name: &str) -> String {
    let body = json!({ "groupId": group, "type": "note", "name": name, "visibility": "private" });
    thing(owner, body).await
}

async fn thing(owner: &Person, body: Value) -> String {
    owner.post("/v1/things", body).await.was(201).id()
}

/// Connects two objects; the connection's id.
async fn connect(person: &Person, kind: &str, from: &str, to: &str) -> String {
    let body = json!({ "type": kind, "fromId": from, "toId": to });
    person.post("/v1/connections", body).await.was(201).id()
}

/// A request that names the version it was made from.
async fn seen(
    person: &Person,
    method: Method,
    path: &str,
    tag: &str,
    body: Option<Value>,
) -> Answer {
    let request = person.request(method, path).header("if-match", tag);
    person
        .send(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
}

/// The rows of one page.
async fn rows(person: &Person, path: &str) -> Vec<Value> {
    let page = person.get(path).await.was(200).json();
    page["data"].as_array().cloned().unwrap_or_else(|| panic!("no page at {path}: {page}"))
}

/// One text of each row.
fn each(rows: &[Value], key: &str) -> Vec<String> {
    rows.iter().map(|row| row[key].as_str().unwrap_or_default().to_owned()).collect()
}

/// Every event of a group that somebody sees, oldest first.
async fn log(person: &Person, group: &str) -> Vec<Value> {
    person.walk(&format!("/v1/events?groupId={group}&sort=createdAt")).await
}

/// 422, with this field among the wrong ones; and the message names the first of them.
#[track_caller]
fn refused(answer: Answer, pointer: &str, code: &str) {
    assert_eq!(answer.status, 422, "{pointer}: {answer:?}");
    let problem = answer.json();
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    let told = errors.iter().find(|one| one["pointer"] == pointer);
    let told = told.unwrap_or_else(|| panic!("{pointer} is not among the errors: {answer:?}"));
    assert_eq!(told["code"], code, "{answer:?}");
    assert!(told["message"].as_str().is_some_and(|text| text.len() > 5), "{answer:?}");
    let first = errors[0]["pointer"].as_str().unwrap_or_default().trim_start_matches('/');
    assert!(problem["message"].as_str().is_some_and(|text| text.contains(first)), "{answer:?}");
    let code = problem["code"].as_str().unwrap_or_default().to_owned();
    answer.was_problem(422, &code);
}

/// Exactly these fields, in whatever order.
#[track_caller]
fn has_shape(value: &Value, keys: &[&str]) {
    let mut found: Vec<&str> =
        value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
    let mut wanted = keys.to_vec();
    found.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(found, wanted, "{value}");
}

/// Asks until the answer is as wanted: search follows the log.
async fn until<T>(ask: impl AsyncFn() -> T, wanted: impl Fn(&T) -> bool) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = ask().await;
        if wanted(&answer) || Instant::now() > deadline {
            return answer;
        }
    }
}
