//! What is asked about accounts and sessions. Whoever would lose theirs sends somebody new.

use serde_json::json;

use super::{Ask, about, body, query};
use crate::access::scene::Scene;
use crate::people::Person;
use crate::stage::PASSWORD;

const OTHER: &str = "amber-lantern-meadow-58";
const FORM: &str = "application/x-www-form-urlencoded";
const MADE_UP: &str = "0000000000000000000000000000000000000000000";

pub(super) async fn of(scene: &Scene, who: &Person, operation: &str) -> Option<Vec<Ask>> {
    if let Some(asks) = of_letters(scene, operation).await {
        return Some(asks);
    }
    if let Some(asks) = of_factors(scene, who, operation).await {
        return Some(asks);
    }
    let password = json!({ "password": PASSWORD });
    Some(match operation {
        "change_password" => {
            let form = json!({ "currentPassword": PASSWORD, "newPassword": OTHER });
            let mut wrong = form.clone();
            wrong["currentPassword"] = OTHER.into();
            vec![
                body("", form).by(scene.guest(who).await),
                body("with a wrong one", wrong).by(scene.guest(who).await),
            ]
        }
        "check_password" => vec![body("", password)],
        "verify_password" => vec![body("", password).by(scene.once_more(who).await)],
        "change_email" => {
            let email = format!("{}@example.com", scene.fresh("moved"));
            vec![body("", json!({ "newEmail": email })).by(scene.guest(who).await)]
        }
        "delete_user" => vec![body("", password).by(scene.guest(who).await)],
        "update_user" => vec![body("", json!({ "name": "Asked" })).by(scene.guest(who).await)],
        "update_session" | "revoke_sessions" | "revoke_other_sessions" => {
            vec![body("", json!({})).by(scene.guest(who).await)]
        }
        "revoke_session" => {
            let alices = scene.once_more(&scene.alice).await?;
            let session = alices.get("/v1/auth/get-session").await.was(200).text_at("/session/id");
            vec![body("of Alice's", json!({ "token": session }))]
        }
        "list_sessions" | "list_accounts" | "token" => vec![Ask::default()],
        "account_info" => vec![query("", "?accountId=made-up".to_owned())],
        "get_access_token" | "refresh_provider_token" | "unlink_account" => {
            vec![body("", json!({ "providerId": "google" })).by(scene.guest(who).await)]
        }
        "sign_in_social" | "link_social" => {
            vec![body("at a provider that is none", json!({ "provider": "made-up" }))]
        }
        "oauth_callback" => vec![Ask {
            query: "?code=made-up&state=made-up".to_owned(),
            ..about("of a provider that is none", "made-up")
        }],
        "oauth_callback_by_form" => vec![Ask {
            text: Some((FORM, "code=made-up&state=made-up".to_owned())),
            ..about("of a provider that is none", "made-up")
        }],
        "list_dev_mailbox" => vec![Ask { tells_all: true, ..Ask::default() }],
        "empty_dev_mailbox" => vec![Ask::default()],
        _ => return None,
    })
}

/// Letters are asked for by address, and what is in them is brought back.
async fn of_letters(scene: &Scene, operation: &str) -> Option<Vec<Ask>> {
    let made_up = || "?token=".to_owned() + MADE_UP;
    Some(match operation {
        "request_link"
        | "sign_in_magic_link"
        | "request_password_reset"
        | "send_verification_email" => {
            let (email, _) = scene.account().await;
            vec![body("", json!({ "email": email }))]
        }
        "magic_link_verify" | "verify_email" | "delete_user_page" | "revert_email_page" => {
            vec![query("with a made-up token", made_up())]
        }
        "open_password_reset" => vec![about("with a made-up token", MADE_UP)],
        "press_magic_link" => vec![Ask {
            text: Some((FORM, format!("token={MADE_UP}"))),
            ..query("with a made-up token", String::new())
        }],
        "verify_link" | "confirm_email" | "delete_user_by_link" | "revert_email" => {
            vec![body("with a made-up token", json!({ "token": MADE_UP }))]
        }
        "reset_password" => {
            let form = json!({ "token": MADE_UP, "newPassword": OTHER });
            vec![body("with a made-up token", form)]
        }
        _ => return None,
    })
}

async fn of_factors(scene: &Scene, who: &Person, operation: &str) -> Option<Vec<Ask>> {
    let password = json!({ "password": PASSWORD });
    let made_up = || "passkey_00000000000000000000000000".to_owned();
    Some(match operation {
        "enable_two_factor" | "disable_two_factor" | "generate_backup_codes" | "get_totp_uri" => {
            vec![body("", password).by(scene.guest(who).await)]
        }
        "send_otp" => vec![body("", json!({})).by(scene.guest(who).await)],
        "verify_totp" | "verify_otp" => {
            vec![body("with a wrong code", json!({ "code": "000000" })).by(scene.guest(who).await)]
        }
        "verify_backup_code" => {
            let form = json!({ "code": "aaaaa-aaaaa" });
            vec![body("with a wrong code", form).by(scene.guest(who).await)]
        }
        "generate_register_options" => vec![Ask::default().by(scene.once_more(who).await)],
        "generate_authenticate_options" | "post_authenticate_options" | "list_user_passkeys" => {
            vec![Ask::default()]
        }
        "delete_passkey" => {
            vec![body("of nobody", json!({ "id": made_up() })).by(scene.once_more(who).await)]
        }
        "update_passkey" => {
            let form = json!({ "id": made_up(), "name": "Asked" });
            vec![body("of nobody", form).by(scene.once_more(who).await)]
        }
        "verify_registration" | "verify_authentication" => {
            let form = json!({ "response": { "id": "AAAA", "type": "public-key" } });
            vec![body("with a made-up answer", form).by(scene.once_more(who).await)]
        }
        _ => return None,
    })
}
