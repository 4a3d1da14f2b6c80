//! Watching the server from outside: metrics, the state of the house, logs and traces; and what
//! `deploy/` makes of them.

mod canary;
mod collector;
mod deploy;
mod logs;
mod metrics;
mod stats;
mod traces;

use std::collections::BTreeMap;

use crate::people::Answer;
use crate::process::METRICS_TOKEN;

/// The page of metrics.
pub(crate) async fn page(base: &str) -> String {
    let answer = ask(base, Some(METRICS_TOKEN)).await.was(200);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    answer.text
}

async fn ask(base: &str, token: Option<&str>) -> Answer {
    let mut door = crate::people::Person::nobody(base);
    door.token = token.map(str::to_owned);
    door.get("/metrics").await
}

/// Every series with its value.
fn series(page: &str) -> BTreeMap<&str, f64> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a value");
            (name, value.parse().unwrap_or_else(|_| panic!("a number: {line}")))
        })
        .collect()
}

/// The value of a series, 0 when it is not there.
pub(crate) fn value(page: &str, name: &str) -> f64 {
    series(page).get(name).copied().unwrap_or_default()
}

/// The names of all metrics of a page.
fn names(page: &str) -> Vec<&str> {
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.filter_map(|line| line.split(' ').next()).collect()
}

/// A file of the project.
fn file(path: &str) -> String {
    let path = format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
