//! The wires of what is done to an account.

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use http::{HeaderMap, header};
use types::UserId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, By, OptionalBody, Path, Problems, Reply};

use super::model::{
    Ban, Impersonation, ImpersonationEnded, PasswordReset, ResetUserPassword, SessionsRevoked,
    UserRecord,
};
use super::{bans, impersonate, reset, rules};
use crate::cookies::Cookie;
use crate::sessions::Device;
use crate::token::SESSION;
use crate::{IdentityApp, entry};

pub(super) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(verify_user))
        .routes(routes!(reset_user_password))
        .routes(routes!(revoke_user_sessions))
        .routes(routes!(ban_user))
        .routes(routes!(unban_user))
        .routes(routes!(impersonate_user))
        .routes(routes!(stop_impersonating))
}

/// Says that the address of an account is known to be theirs.
#[utoipa::path(
    post,
    path = "/v1/users/{id}/verify",
    tag = "users",
    security(("bearer" = []), ("session" = [])),
    params(("id" = UserId, Path, description = "Its id.")),
    responses((status = 200, body = UserRecord, description = "As it is now."), Problems)
)]
async fn verify_user(
    State(house): State<IdentityApp>,
    By(caller): By,
    Path(id): Path<UserId>,
) -> Answer<Reply<UserRecord>> {
    Ok(Reply(rules::verify(&house, &caller, id).await?))
}

/// Mails a link to set a password; or sets the one that is sent, which ends all sessions.
///
/// The session must be fresh: 403 `session_not_fresh`.
#[utoipa::path(
    post,
    path = "/v1/users/{id}/reset-password",
    tag = "users",
    security(("bearer" = []), ("session" = [])),
    params(("id" = UserId, Path, description = "Its id.")),
    request_body = Option<ResetUserPassword>,
    responses((status = 200, body = PasswordReset, description = "What came of it."), Problems)
)]
async fn reset_user_password(
    State(house): State<IdentityApp>,
    By(caller): By,
    Path(id): Path<UserId>,
    OptionalBody(form): OptionalBody<ResetUserPassword>,
) -> Answer<Reply<PasswordReset>> {
    Ok(Reply(PasswordReset { status: reset::reset(&house, &caller, id, form).await? }))
}

/// Ends every session of an account.
///
/// The session must be fresh: 403 `session_not_fresh`.
#[utoipa::path(
    post,
    path = "/v1/users/{id}/revoke-sessions",
    tag = "users",
    security(("bearer" = []), ("session" = [])),
    params(("id" = UserId, Path, description = "Its id.")),
    responses((status = 200, body = SessionsRevoked, description = "They have ended."), Problems)
)]
async fn revoke_user_sessions(
    State(house): State<IdentityApp>,
    By(caller): By,
    Path(id): Path<UserId>,
) -> Answer<Reply<SessionsRevoked>> {
    Ok(Reply(SessionsRevoked { revoked: rules::revoke_sessions(&house, &caller, id).await? }))
}

/// Keeps somebody out: their sessions end, nobody signs in, and their API keys are refused.
///
/// The session must be fresh: 403 `session_not_fresh`. Oneself: 409 `own_account`.
#[utoipa::path(
    post,
    path = "/v1/users/{id}/ban",
    tag = "users",
    security(("bearer" = []), ("session" = [])),
    params(("id" = UserId, Path, description = "Its id.")),
    request_body = Option<Ban>,
    responses((status = 200, body = UserRecord, description = "As it is now."), Problems)
)]
async fn ban_user(
    State(house): State<IdentityApp>,
    By(caller): By,
    Path(id): Path<UserId>,
    OptionalBody(ban): OptionalBody<Ban>,
) -> Answer<Reply<UserRecord>> {
    Ok(Reply(bans::ban(&house, &caller, id, ban).await?))
}

/// Lets somebody in again.
#[utoipa::path(
    post,
    path = "/v1/users/{id}/unban",
    tag = "users",
    security(("bearer" = []), ("session" = [])),
    params(("id" = UserId, Path, description = "Its id.")),
    responses((status = 200, body = UserRecord, description = "As it is now."), Problems)
)]
async fn unban_user(
    State(house): State<IdentityApp>,
    By(caller): By,
    Path(id): Path<UserId>,
) -> Answer<Reply<UserRecord>> {
    Ok(Reply(bans::unban(&house, &caller, id).await?))
}

/// Begins to act as somebody else, for an hour unless the server says otherwise.
///
/// The session says who acts, its owner sees it among theirs, and it may not change how they sign
/// in. A browser keeps its own session aside. The session must be fresh: 403 `session_not_fresh`.
/// Owners of the platform: 403 `impersonating_owner`; who is banned: 403 `banned_user`.
#[utoipa::path(
    post,
    path = "/v1/users/{id}/impersonate",
    tag = "users",
    security(("bearer" = []), ("session" = [])),
    params(("id" = UserId, Path, description = "Its id.")),
    responses(
        (status = 200, body = Impersonation, description = "Acting as them.",
         headers(
            ("set-cookie" = String, description = "The session, for browsers."),
            ("set-auth-token" = String, description = "The session, for everybody else.")
         )),
        Problems
    )
)]
async fn impersonate_user(
    State(house): State<IdentityApp>,
    By(caller): By,
    Path(id): Path<UserId>,
    device: Device,
    headers: HeaderMap,
) -> Answer<Response> {
    let entered = impersonate::start(&house, &caller, id, device).await?;
    let Some(me) = caller.person() else { return Err(types::Error::unauthenticated().into()) };
    let body = Impersonation {
        token: entered.token.reveal().clone(),
        expires_at: house.impersonation_end(house.now()),
        impersonated_by: me,
        user: entered.account,
    };
    let mut response = entry::signed_in(&house, &entered.token, false, &body)?;
    let secure = house.parts.secure;
    // Only what a browser keeps by itself is kept for it.
    let own = Cookie::Session.read(&headers, secure).filter(|text| text.starts_with(SESSION));
    if let Some(own) = own {
        let own = types::Secret::new(own.to_owned());
        let cookie = Cookie::Impersonator.set(secure, &own, None)?;
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Ends acting as somebody else; a browser gets its own session back.
///
/// Who does not act as anybody is told 409 `not_impersonating`.
#[utoipa::path(
    post,
    path = "/v1/users/stop-impersonating",
    tag = "users",
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 200, body = ImpersonationEnded, description = "Oneself again.",
         headers(("set-cookie" = String, description = "The own session, for browsers."))),
        Problems
    )
)]
async fn stop_impersonating(
    State(house): State<IdentityApp>,
    By(caller): By,
    headers: HeaderMap,
) -> Answer<Response> {
    let secure = house.parts.secure;
    let kept = Cookie::Impersonator.read(&headers, secure).filter(|text| text.starts_with(SESSION));
    let own = impersonate::stop(&house, &caller, kept).await?;
    let body = ImpersonationEnded { success: true, restored: own.is_some() };
    let session = match &own {
        // Whether the browser was to remember it is not known here; forgetting it is the safe way.
        Some(own) => entry::session_cookie(&house, own, false)?,
        None => Cookie::Session.clear(secure)?,
    };
    let aside = Cookie::Impersonator.clear(secure)?;
    let cookies = AppendHeaders([(header::SET_COOKIE, session), (header::SET_COOKIE, aside)]);
    Ok((cookies, Reply(body)).into_response())
}
