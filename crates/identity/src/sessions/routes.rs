//! The wires of sessions.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{AuthAnswer, By, Problems, Reply};

use super::model::Session;
use super::own;
use crate::IdentityApp;
use crate::wire::{AuthForm, AuthOptionalForm, AuthParams, translate};

pub(crate) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(list_sessions))
        .routes(routes!(revoke_session))
        .routes(routes!(revoke_sessions))
        .routes(routes!(revoke_other_sessions))
        .routes(routes!(update_session))
}

/// Which session to end.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "token": "session_01jd7jryggfk1shh6w1g60eecf" }))]
struct RevokeSession {
    /// The `token` or `id` of a listed session, or a session's own token.
    token: String,
}

/// Nothing.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EmptyBody, example = json!({}))]
struct Nothing {}

/// Done.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SessionsEnded, example = json!({ "status": true }))]
struct Done {
    /// Always true.
    status: bool,
}

/// The session as it is now.
#[derive(Serialize, utoipa::ToSchema)]
struct UpdatedSession {
    /// The signed-in device.
    session: Session,
}

/// The signed-in devices of whoever asks, the last used first.
///
/// `token` is a handle that names a session for `revoke-session` and opens nothing.
#[utoipa::path(
    get,
    path = "/v1/auth/list-sessions",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    responses((status = 200, body = Vec<Session>, description = "Live sessions."), Problems)
)]
async fn list_sessions(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthParams(Nothing {}): AuthParams<Nothing>,
) -> AuthAnswer<Reply<Vec<Session>>> {
    Ok(Reply(own::list(&house, &caller).await.map_err(translate)?))
}

/// Ends one session of whoever asks, with its next request.
///
/// A handle that names none of theirs is answered the same and changes nothing.
#[utoipa::path(
    post,
    path = "/v1/auth/revoke-session",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = RevokeSession,
    responses((status = 200, body = Done, description = "It is no session of theirs."), Problems)
)]
async fn revoke_session(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<RevokeSession>,
) -> AuthAnswer<Reply<Done>> {
    own::revoke(&house, &caller, &form.token).await.map_err(translate)?;
    Ok(Reply(Done { status: true }))
}

/// Ends every session of whoever asks, this one too.
#[utoipa::path(
    post,
    path = "/v1/auth/revoke-sessions",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = Nothing,
    responses((status = 200, body = Done, description = "They are signed out everywhere."), Problems)
)]
async fn revoke_sessions(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthOptionalForm(Nothing {}): AuthOptionalForm<Nothing>,
) -> AuthAnswer<Reply<Done>> {
    own::revoke_all(&house, &caller, false).await.map_err(translate)?;
    Ok(Reply(Done { status: true }))
}

/// Ends every other session of whoever asks.
#[utoipa::path(
    post,
    path = "/v1/auth/revoke-other-sessions",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = Nothing,
    responses((status = 200, body = Done, description = "Only this session is left."), Problems)
)]
async fn revoke_other_sessions(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthOptionalForm(Nothing {}): AuthOptionalForm<Nothing>,
) -> AuthAnswer<Reply<Done>> {
    own::revoke_all(&house, &caller, true).await.map_err(translate)?;
    Ok(Reply(Done { status: true }))
}

/// The session of whoever asks. Sessions have no fields of one's own here, so a field is refused.
#[utoipa::path(
    post,
    path = "/v1/auth/update-session",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = Nothing,
    responses((status = 200, body = UpdatedSession, description = "The session."), Problems)
)]
async fn update_session(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthOptionalForm(Nothing {}): AuthOptionalForm<Nothing>,
) -> AuthAnswer<Reply<UpdatedSession>> {
    let session = own::update(&house, &caller).await.map_err(translate)?;
    Ok(Reply(UpdatedSession { session }))
}
