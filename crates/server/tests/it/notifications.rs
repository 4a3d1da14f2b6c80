//! Notifications through the front door: who is told of what, what becomes of it, and the ways it
//! is told by.

mod letters;
mod making;
mod reading;
mod sending;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::people::Person;

/// How long something may take that follows the event log.
const PATIENCE: Duration = Duration::from_secs(60);

/// A thing in a group; its id.
async fn thing(maker: &Person, group: &str, kind: &str, more: Value) -> String {
    let mut body = json!({ "groupId": group, "type": kind, "name": kind });
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    maker.post("/v1/things", body).await.was(201).id()
}

/// Somebody's notifications of a kind, once they are as they are waited for.
async fn until(person: &Person, kind: &str, is: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let path = format!("/v1/notifications?kind={kind}");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let said = person.get(&path).await.was(200).json();
        let data = said["data"].as_array().cloned().unwrap_or_default();
        if is(&data) {
            return data;
        }
        assert!(Instant::now() < deadline, "{} has {said}", person.name);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The one notification of a kind somebody gets.
async fn one(person: &Person, kind: &str) -> Value {
    until(person, kind, |all| !all.is_empty()).await.remove(0)
}

/// Everything before this was followed: a mark that comes after it, to this person.
async fn followed(from: &Person, group: &str, to: &Person) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let key = format!("mark-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let body = json!({ "groupId": group, "title": key, "personIds": [to.id] });
    from.post("/v1/notifications", body).await.was(202);
    until(to, "announcement", |all| all.iter().any(|one| one["title"] == *key)).await;
}

/// How many somebody has of a kind.
async fn count(person: &Person, kind: &str) -> usize {
    let path = format!("/v1/notifications?kind={kind}");
    let said = person.get(&path).await.was(200).json();
    said["data"].as_array().map_or(0, Vec::len)
}
