//! The wires of setup.

use axum::extract::State;
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Body, By, Problems, Reply};

use super::model::{SetUp, SetupState};
use super::rules;
use crate::IdentityApp;
use crate::accounts::SignedUp;
use crate::entry;
use crate::sessions::Device;

pub(crate) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new().routes(routes!(get_setup, set_up))
}

/// Whether the first platform owner is still to be named.
#[utoipa::path(
    get,
    path = "/v1/setup",
    tag = "setup",
    security(()),
    responses(
        (status = 200, body = SetupState, description = "Open until it happened.",
         example = json!({ "open": false })),
        Problems
    )
)]
async fn get_setup(State(house): State<IdentityApp>) -> Answer<Reply<SetupState>> {
    Ok(Reply(SetupState { open: rules::is_open(&house).await? }))
}

/// Names the first platform owner and signs them in.
///
/// It happens once: of many who try at the same time one succeeds and the others get 409
/// `already_set_up`. A wrong token is 401 `invalid_setup_token`.
#[utoipa::path(
    post,
    path = "/v1/setup",
    tag = "setup",
    security(()),
    request_body = SetUp,
    responses(
        (status = 200, body = SignedUp, description = "The owner is made and signed in.",
         headers(
            ("set-cookie" = String, description = "The session, for browsers."),
            ("set-auth-token" = String, description = "The session, for everybody else.")
         )),
        Problems
    )
)]
async fn set_up(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    Body(form): Body<SetUp>,
) -> Answer<Response> {
    let (user, token) = rules::set_up(&house, &caller, form, device).await?;
    let body = SignedUp { token: Some(token.reveal().clone()), user };
    Ok(entry::signed_in(&house, &token, true, &body)?)
}
