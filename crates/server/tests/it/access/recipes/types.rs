//! What is asked about types that groups register.

use reqwest::Method;
use serde_json::json;

use super::{Ask, about, query};
use crate::access::scene::Scene;

pub(super) async fn of(scene: &Scene, operation: &str) -> Option<Vec<Ask>> {
    let acme = &scene.acme;
    let named =
        |what, group: &str, name: &str| Ask { part: format!("thing/{name}"), ..about(what, group) };
    let registered = async || {
        let name = scene.fresh("kind").replace('-', "_");
        let path = format!("/v1/groups/{acme}/types/thing/{name}");
        let alice = &scene.alice;
        alice.send(alice.request(Method::PUT, &path).json(&json!({}))).await.was(200);
        name
    };
    let fresh = || scene.fresh("asked").replace('-', "_");
    Some(match operation {
        "list_types" => vec![
            about("of Acme", acme),
            about("of a group below, of others", &scene.annex),
            about("of Alice's home", &scene.alice.home),
            about("of Carol's public group", &scene.plaza),
        ],
        "get_type" | "list_type_versions" => vec![named("of Acme", acme, &registered().await)],
        "put_type" => vec![
            named("in Acme", acme, &fresh()).with(json!({})),
            named("in a group below, of others", &scene.annex, &fresh()).with(json!({})),
            named("in Carol's public group", &scene.plaza, &fresh()).with(json!({})),
        ],
        "delete_type" => vec![named("of Acme", acme, &registered().await)],
        "get_typescript" | "get_type_schemas" => vec![
            query("the built-in ones", String::new()),
            query("with Acme's", format!("?groupId={acme}")),
            query("with those of Carol's public group", format!("?groupId={}", scene.plaza)),
        ],
        _ => return None,
    })
}
