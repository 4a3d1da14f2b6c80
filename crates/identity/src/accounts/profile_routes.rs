//! The wires of what an account shows of itself, and the page of errors.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{AuthAnswer, By, Problems, Reply};

use super::forms::{ErrorPage, Status, UpdateUser};
use super::model::LinkedAccount;
use super::profile::{self, ProfileChange};
use crate::IdentityApp;
use crate::page;
use crate::wire::{AuthForm, AuthParams, translate};

pub(super) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(update_user))
        .routes(routes!(list_accounts))
        .routes(routes!(show_auth_error))
}

/// Changes name and picture.
///
/// Failures are 400 `VALIDATION_ERROR`, `NO_FIELDS_TO_UPDATE`, `EMAIL_CAN_NOT_BE_UPDATED` and 401
/// `UNAUTHORIZED`.
#[utoipa::path(
    post,
    path = "/v1/auth/update-user",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = UpdateUser,
    responses(
        (status = 200, body = Status, description = "Changed.",
         example = json!({ "status": true })),
        Problems
    )
)]
async fn update_user(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<UpdateUser>,
) -> AuthAnswer<Reply<Status>> {
    let email = form.email.is_some();
    let change = ProfileChange { name: form.name, image: form.image.sent(), email };
    profile::update(&house, &caller, change).await.map_err(translate)?;
    Ok(Reply(Status::DONE))
}

/// How whoever is signed in can prove who they are: a password, accounts at providers.
#[utoipa::path(
    get,
    path = "/v1/auth/list-accounts",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 200, body = Vec<LinkedAccount>, description = "All of them, oldest first."),
        Problems
    )
)]
async fn list_accounts(
    State(house): State<IdentityApp>,
    By(caller): By,
) -> AuthAnswer<Reply<Vec<LinkedAccount>>> {
    Ok(Reply(profile::list_accounts(&house, &caller).await.map_err(translate)?))
}

/// A page that shows the code of an error, for flows that have no page of their own.
#[utoipa::path(
    get,
    path = "/v1/auth/error",
    tag = "auth",
    security(()),
    params(ErrorPage),
    responses((status = 200, content_type = "text/html", description = "The page."), Problems)
)]
async fn show_auth_error(AuthParams(query): AuthParams<ErrorPage>) -> AuthAnswer<Response> {
    // Only what looks like a code is shown: a link must not put words on this server's page.
    let code = query
        .error
        .filter(|code| {
            (1..=64).contains(&code.len())
                && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        })
        .unwrap_or_else(|| "UNKNOWN".to_owned());
    let sentence = format!("Code: {code}. Go back to the app and try again.");
    Ok(page::message("Something went wrong", &sentence, StatusCode::OK))
}
