//! What is asked about imports and exports.

use serde_json::json;

use super::{Ask, about, body, query};
use crate::access::scene::Scene;

pub(super) async fn of(scene: &Scene, operation: &str) -> Option<Vec<Ask>> {
    let (alice, acme) = (&scene.alice, &scene.acme);
    let new = |group: &str| json!({ "groupId": group, "format": "ndjson", "dimension": "things", "type": "note" });
    let rows = |group: &str, dimension: &str| json!({ "groupId": group, "format": "csv", "dimension": dimension });
    let bundle = |group: &str| json!({ "groupId": group, "format": "bundle" });
    let of_alice = async || alice.post("/v1/imports", new(acme)).await.was(201).id();
    Some(match operation {
        "export_rows" => {
            let of = |group: &str, more: &str| format!("?groupId={group}&dimension=things{more}");
            vec![
                query("things of Acme", of(acme, "")),
                query("things of Acme and below", of(acme, "&includeChildren=true")),
                query("things of Alice's home", of(&alice.home, "")),
                query("things of Carol's public group", of(&scene.plaza, "")),
            ]
        }
        "export_events" => {
            let of = |group: &str, more: &str| format!("?groupId={group}{more}");
            vec![
                query("of Acme", of(acme, "")),
                query("of Acme and below", of(acme, "&includeChildren=true")),
                query("of Alice's home", of(&alice.home, "")),
                query("of Carol's public group", of(&scene.plaza, "")),
            ]
        }
        "export_group" => vec![
            about("Acme", acme),
            about("a group below, of others", &scene.annex),
            about("Alice's home", &alice.home),
            about("Carol's public group", &scene.plaza),
        ],
        "list_imports" => vec![query("into Acme", format!("?groupId={acme}"))],
        "create_import" => vec![
            body("into Acme", new(acme)),
            body("into a group below, of others", new(&scene.annex)),
            body("into Alice's home", new(&alice.home)),
            body("into Carol's public group", new(&scene.plaza)),
            body("people into Acme", rows(acme, "people")),
            body("people into Carol's public group", rows(&scene.plaza, "people")),
            body("events into Acme", rows(acme, "events")),
            body("a bundle below Acme", bundle(acme)),
            body("a bundle below a group below, of others", bundle(&scene.annex)),
            body("a bundle below Alice's home", bundle(&alice.home)),
            body("a bundle below Carol's public group", bundle(&scene.plaza)),
        ],
        "get_import" | "list_import_errors" => vec![about("Alice's", &of_alice().await)],
        "upload_import" => vec![Ask {
            text: Some(("application/x-ndjson", String::new())),
            ..about("Alice's", &of_alice().await)
        }],
        "cancel_import" => vec![about("Alice's", &of_alice().await)],
        _ => return None,
    })
}
