//! The wire of asking about a password.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{AuthAnswer, Problems, Reply};

use super::model::{CheckPassword, PasswordChecked};
use super::rules;
use crate::IdentityApp;
use crate::sessions::Device;
use crate::wire::{AuthForm, translate};

pub(crate) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new().routes(routes!(check_password))
}

/// Says whether a password may be chosen, and how well it withstands guessing.
///
/// For forms that want to tell while somebody types; nothing is stored or logged. Signing up and
/// changing a password hold it to the same rules. Too many questions are answered 429.
#[utoipa::path(
    post,
    path = "/v1/auth/check-password",
    tag = "auth",
    security(()),
    request_body = CheckPassword,
    responses(
        (status = 200, body = PasswordChecked, description = "What is to be said of it.",
         example = json!({ "acceptable": true, "score": 3, "problems": [] })),
        Problems
    )
)]
async fn check_password(
    State(house): State<IdentityApp>,
    device: Device,
    AuthForm(asked): AuthForm<CheckPassword>,
) -> AuthAnswer<Reply<PasswordChecked>> {
    Ok(Reply(rules::check(&house, &device, asked).await.map_err(translate)?))
}
