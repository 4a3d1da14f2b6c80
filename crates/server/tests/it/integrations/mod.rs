//! The room `integrations` through the front door: webhooks out, to a server that means well or
//! not, and webhooks in.

mod failures;
mod keeping;
mod receivers;
mod sending;
mod target;
mod told;
mod verifiers;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::people::Person;

/// How long something may take that follows the event log.
const PATIENCE: Duration = Duration::from_secs(60);

/// A webhook of a group: its id and its secret.
async fn webhook(owner: &Person, group: &str, url: &str, more: Value) -> (String, String) {
    let mut body = json!({ "groupId": group, "url": url, "eventTypes": ["thing_created"] });
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    let made = owner.post("/v1/webhooks", body).await.was(201);
    (made.id(), made.text_at("/secret"))
}

/// Something that happens: a thing of that type; its id.
async fn thing(owner: &Person, group: &str, kind: &str, name: &str) -> String {
    let body = json!({ "groupId": group, "type": kind, "name": name });
    owner.post("/v1/things", body).await.was(201).id()
}

/// What the API says once it says what is waited for.
async fn until(person: &Person, path: &str, is: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let said = person.get(path).await.was(200).json();
        if is(&said) {
            return said;
        }
        assert!(Instant::now() < deadline, "{path} still says {said}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The one delivery of a webhook, once it is as it is waited for.
async fn delivery(owner: &Person, id: &str, is: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/v1/webhooks/{id}/deliveries");
    let list = until(owner, &path, |said| is(&said["data"][0])).await;
    let one = list["data"][0]["id"].as_str().expect("a delivery").to_owned();
    owner.get(&format!("{path}/{one}")).await.was(200).json()
}
