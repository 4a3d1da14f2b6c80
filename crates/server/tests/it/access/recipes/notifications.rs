//! What is asked about notifications.

use std::time::Duration;

use serde_json::json;

use super::{Ask, about, body, query};
use crate::access::scene::{MARKER, Scene};

pub(super) async fn of(scene: &Scene, operation: &str) -> Option<Vec<Ask>> {
    let new = |group: &str| json!({ "groupId": group, "title": MARKER });
    // Whoever is there is told it.
    let open = json!({ "groupId": scene.plaza, "title": "Open" });
    Some(match operation {
        "list_notifications" | "count_notifications" | "get_notification_preferences" => {
            vec![Ask::default()]
        }
        "send_notification" => vec![
            body("in Acme", new(&scene.acme)),
            body("in a group below, of others", new(&scene.annex)),
            body("in Carol's public group", open),
        ],
        "get_notification" | "delete_notification" => vec![about("of Bob", &bobs(scene).await)],
        "read_notifications" | "unread_notifications" => {
            vec![body("of Bob", json!({ "ids": [bobs(scene).await] }))]
        }
        "update_notification_preferences" => {
            vec![body("", json!({ "digest": { "frequency": "off" } }))]
        }
        "show_unsubscribe" | "unsubscribe" => {
            vec![query("without the token of a letter", "?token=guessed".to_owned())]
        }
        _ => return None,
    })
}

/// A notification of Bob's.
async fn bobs(scene: &Scene) -> String {
    let path = "/v1/notifications?kind=announcement&limit=1";
    let new = json!({ "groupId": scene.acme, "title": MARKER, "personIds": [scene.bob.id] });
    loop {
        let said = scene.bob.get(path).await.was(200).json();
        if let Some(id) = said["data"][0]["id"].as_str() {
            scene.ids.borrow_mut().push(id.to_owned());
            return id.to_owned();
        }
        scene.alice.post("/v1/notifications", new.clone()).await.was(202);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
