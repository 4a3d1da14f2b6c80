//! What is asked about webhooks and receivers.

use serde_json::json;

use super::{Ask, about, body, query};
use crate::access::scene::Scene;
use crate::people::Person;

/// Where nobody listens.
const URL: &str = "http://127.0.0.1:9/marker-of-acme";
const TOKEN: &str = "a token that nobody guesses";

pub(super) async fn of(scene: &Scene, operation: &str) -> Option<Vec<Ask>> {
    let acme = &scene.acme;
    let new = |group: &str| json!({ "groupId": group, "url": URL, "enabled": false });
    Some(match operation {
        "list_webhooks" | "list_receivers" => vec![
            query("of Acme", format!("?groupId={acme}")),
            query("of a group below, of others", format!("?groupId={}", scene.annex)),
        ],
        "create_webhook" => {
            vec![body("of Acme", new(acme)), body("of a group below, of others", new(&scene.annex))]
        }
        "get_webhook" | "list_deliveries" | "rotate_webhook_secret" => {
            vec![about("of Acme", &webhook(scene, false).await)]
        }
        "update_webhook" => {
            let change = json!({ "description": "asked" });
            vec![about("of Acme", &webhook(scene, false).await).with(change)]
        }
        "delete_webhook" => vec![about("of Acme", &webhook(scene, true).await)],
        "test_webhook" => {
            let id = webhook(scene, false).await;
            let on = json!({ "enabled": true, "eventTypes": ["token_burned"] });
            scene.alice.patch(&format!("/v1/webhooks/{id}"), on).await.was(200);
            vec![about("of Acme", &id)]
        }
        "replay_webhook" => {
            let since = json!({ "since": "2026-01-01T00:00:00Z" });
            vec![about("of Acme", &webhook(scene, false).await).with(since)]
        }
        "get_delivery" | "replay_delivery" => {
            let (webhook, delivery) = delivery(scene).await;
            vec![Ask { part: delivery, ..about("of Acme", &webhook) }]
        }
        "create_receiver" | "get_receiver" | "update_receiver" | "delete_receiver" | "receive" => {
            of_receivers(scene, operation).await
        }
        _ => return None,
    })
}

async fn of_receivers(scene: &Scene, operation: &str) -> Vec<Ask> {
    let new = |group: &str| {
        json!({ "groupId": group, "name": "marker-of-acme", "signature": "token",
            "secret": TOKEN, "eventType": "commerce_event" })
    };
    if operation == "create_receiver" {
        return vec![
            body("of Acme", new(&scene.acme)),
            body("of a group below, of others", new(&scene.annex)),
        ];
    }
    let made = scene.alice.post("/v1/receivers", new(&scene.acme)).await;
    let id = match made.status {
        201 => made.id(),
        _ => first(&scene.alice, "/v1/receivers", &scene.acme).await,
    };
    scene.ids.borrow_mut().push(id.clone());
    let ask = about("of Acme", &id);
    vec![match operation {
        "update_receiver" => ask.with(json!({ "name": "marker-of-acme asked" })),
        // Whoever calls is known by nothing but the secret.
        "receive" => ask.with(json!({ "order": 7 })),
        _ => ask,
    }]
}

/// The newest one of a list of Acme's.
async fn first(alice: &Person, path: &str, acme: &str) -> String {
    alice.get(&format!("{path}?groupId={acme}")).await.was(200).text_at("/data/0/id")
}

/// A webhook of Acme; a group has so many only, so one serves all who destroy nothing.
async fn webhook(scene: &Scene, fresh: bool) -> String {
    let (alice, acme) = (&scene.alice, &scene.acme);
    let kept = alice.get(&format!("/v1/webhooks?groupId={acme}&limit=200")).await.was(200).json();
    let kept = kept["data"].as_array().into_iter().flatten();
    let mut kept = kept.filter(|one| one["filter"] == "type == \"asked\"");
    if let Some(id) = kept.find_map(|one| one["id"].as_str()).filter(|_| !fresh) {
        return id.to_owned();
    }
    let mut new = json!({ "groupId": acme, "url": URL, "enabled": false });
    if !fresh {
        new["filter"] = "type == \"asked\"".into();
    }
    let id = alice.post("/v1/webhooks", new).await.was(201).id();
    scene.ids.borrow_mut().push(id.clone());
    id
}

/// A delivery that waits for its webhook to be switched on again.
async fn delivery(scene: &Scene) -> (String, String) {
    let id = webhook(scene, false).await;
    let path = format!("/v1/webhooks/{id}");
    scene.alice.patch(&path, json!({ "enabled": true })).await.was(200);
    let delivery = scene.alice.post(&format!("{path}/test"), json!({})).await.was(202).id();
    scene.ids.borrow_mut().push(delivery.clone());
    // Its first request fails at once; from then on it waits.
    let one = format!("{path}/deliveries/{delivery}");
    for _ in 0..500 {
        if scene.alice.get(&one).await.was(200).json()["attempts"] != 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    scene.alice.patch(&path, json!({ "enabled": false })).await.was(200);
    (id, delivery)
}
