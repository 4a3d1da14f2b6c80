//! Many at once: what one may not do singly, one may not do in company.

use serde_json::{Value, json};

use super::super::scene::Scene;
use super::{Ask, body};

pub(super) fn of(scene: &Scene, operation: &str) -> Option<Vec<Ask>> {
    let acme = &scene.acme;
    let note = json!({ "groupId": acme, "type": "note", "name": "n" });
    let items = |item: Value| json!({ "items": [item] });
    let what = "in Acme";
    Some(vec![match operation {
        "bulk_create_things" => body(what, items(note)),
        "bulk_create_connections" => {
            let edge = json!({ "type": "part_of", "fromId": acme, "toId": scene.annex });
            body("between groups", items(edge))
        }
        "bulk_create_people" => {
            body(what, items(json!({ "groupId": acme, "displayName": "Many" })))
        }
        "bulk_create_knowledge" => {
            let label = json!({ "groupId": acme, "type": "label", "text": "topic:many" });
            body(what, items(label))
        }
        "bulk_create_events" => {
            body(what, items(json!({ "groupId": acme, "type": "lesson_completed" })))
        }
        "bulk_create_groups" => {
            let group = json!({
                "slug": scene.fresh("many"), "name": "n", "type": "business",
                "parentGroupId": acme,
            });
            body("below Acme", items(group))
        }
        "bulk_update_things" => body("of a group", items(json!({ "id": acme, "name": "n" }))),
        "bulk_delete_things" => body("of a group", json!({ "ids": [acme] })),
        "carry_out_batch" => {
            let step = json!({ "method": "POST", "path": "/v1/things", "body": note });
            body(what, json!({ "operations": [step] }))
        }
        _ => return None,
    }])
}
