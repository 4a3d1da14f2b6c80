//! What owners of the platform ask about accounts.

use serde_json::json;

use super::{Ask, about, body, query};
use crate::access::scene::Scene;
use crate::people::Person;

pub(super) async fn of(scene: &Scene, who: &Person, operation: &str) -> Option<Vec<Ask>> {
    let again = async || scene.once_more(who).await;
    let somebody = async |what| about(what, &scene.user().await);
    Some(match operation {
        "list_users" => vec![query("", String::new()).by(again().await)],
        "create_user" => {
            let email = format!("{}@example.com", scene.fresh("made"));
            vec![body("", json!({ "email": email, "name": "Made" })).by(again().await)]
        }
        "import_users" => {
            let email = format!("{}@example.com", scene.fresh("brought"));
            let line = json!({ "email": email, "name": "Brought" });
            vec![
                Ask { text: Some(("application/x-ndjson", format!("{line}\n"))), ..Ask::default() }
                    .by(again().await),
            ]
        }
        "get_user" => {
            let me = if who.email.is_empty() { &scene.alice } else { who };
            let me = scene.user_of(me).await;
            vec![
                somebody("somebody").await.by(again().await),
                about("themselves", &me).by(again().await),
            ]
        }
        "change_user" => {
            let ask = somebody("").await.with(json!({ "name": "Asked", "emailVerified": true }));
            vec![ask.by(again().await)]
        }
        "ban_user" => vec![somebody("").await.with(json!({ "reason": "asked" })).by(again().await)],
        "reset_user_password" => vec![somebody("").await.with(json!({})).by(again().await)],
        "export_me" => vec![query("", String::new()).by(again().await)],
        "erase_user" => vec![somebody("").await.with(json!({})).by(again().await)],
        "remove_user"
        | "export_user"
        | "unban_user"
        | "verify_user"
        | "revoke_user_sessions"
        | "impersonate_user" => vec![somebody("").await.by(again().await)],
        "stop_impersonating" => vec![
            query("who acts as nobody else", String::new()).by(again().await),
            query("Root, acting as somebody", String::new()).by(acting(scene, who).await),
        ],
        _ => return None,
    })
}

/// Root as somebody new; everybody else as themselves.
async fn acting(scene: &Scene, who: &Person) -> Option<Person> {
    let again = scene.once_more(who).await?;
    if who.id != scene.root.id {
        return Some(again);
    }
    let path = format!("/v1/users/{}/impersonate", scene.user().await);
    let made = again.post(&path, json!({})).await.was(200);
    Some(Person { token: Some(made.text_at("/token")), ..again })
}
