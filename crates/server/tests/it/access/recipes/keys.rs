//! What is asked about API keys and about the keys the platform signs with.

use serde_json::{Value, json};

use super::{Ask, about, body, query};
use crate::access::scene::Scene;
use crate::people::Person;

pub(super) async fn of(scene: &Scene, who: &Person, operation: &str) -> Option<Vec<Ask>> {
    let acme = &scene.acme;
    let alices = async || scene.key(&scene.alice, acme, json!([])).await.0;
    let roots = async || scene.key(&scene.root, acme, json!([])).await.0;
    let change = json!({ "name": "asked" });
    Some(match operation {
        "get_api_key" => {
            vec![
                about("of Acme", &scene.alices_key),
                about("of Acme, made by Root", &scene.roots_key),
            ]
        }
        "change_api_key" => vec![
            about("of Acme", &scene.alices_key).with(change.clone()),
            about("of Acme, made by Root", &scene.roots_key).with(change),
            about("of Acme, made by Root, to every right", &scene.roots_key)
                .with(json!({ "permissions": ["*"] })),
        ],
        "rotate_api_key" => vec![
            about("of Acme", &alices().await).with(json!({})),
            about("of Acme, made by Root", &roots().await).with(json!({})),
        ],
        "auth_get_api_key" => {
            let ask = |id: &str| format!("?id={id}");
            vec![
                query("of Acme", ask(&scene.alices_key)),
                query("of Acme, made by Root", ask(&scene.roots_key)),
            ]
        }
        "auth_list_api_keys" => vec![
            query("of their own", String::new()),
            query("of Acme", format!("?organizationId={acme}")),
        ],
        "auth_create_api_key" => vec![
            body("of their own", json!({ "name": "k" })),
            body("of Acme", json!({ "name": "k", "organizationId": acme })),
        ],
        "auth_update_api_key" => {
            let form = |id: &str| json!({ "keyId": id, "name": "asked" });
            vec![
                body("of Acme", form(&scene.alices_key)),
                body("of Acme, made by Root", form(&scene.roots_key)),
            ]
        }
        "auth_delete_api_key" => {
            let form = |id: String| json!({ "keyId": id });
            vec![
                body("of Acme", form(alices().await)),
                body("of Acme, made by Root", form(roots().await)),
            ]
        }
        "list_signing_keys" => vec![Ask::default().by(scene.once_more(who).await)],
        "rotate_signing_key" => vec![body("", json!({})).by(scene.once_more(who).await)],
        "retire_signing_key" => {
            vec![about("", &waiting_key(scene).await?).by(scene.once_more(who).await)]
        }
        _ => return None,
    })
}

/// A key of the platform that does not sign just now; a new one, if there is none.
async fn waiting_key(scene: &Scene) -> Option<String> {
    let root = scene.once_more(&scene.root).await?;
    let keys = root.get("/v1/signing-keys").await.was(200).json();
    let waits = |key: &&Value| key["state"] == "waiting";
    let waiting = keys["data"].as_array().into_iter().flatten().find(waits);
    match waiting {
        Some(key) => key["kid"].as_str().map(str::to_owned),
        None => {
            let made = root.post("/v1/signing-keys/rotate", json!({})).await.was(200);
            Some(made.text_at("/kid"))
        }
    }
}
