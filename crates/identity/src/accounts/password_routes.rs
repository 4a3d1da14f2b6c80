//! The wires of passwords: reset, change, prove.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use types::Secret;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{AuthAnswer, By, Path, Problems, Reply};

use super::forms::{
    ChangePassword, PasswordChanged, RequestReset, ResetLink, ResetPassword, ResetRequested,
    ResetToken, Status, VerifyPassword,
};
use super::landing::{Landing, lead, sorry};
use super::letter_requests::{self, Wanted};
use super::{password_change, password_reset};
use crate::callback::with_query;
use crate::page::{self, Form};
use crate::sessions::Device;
use crate::wire::{AuthForm, AuthParams, translate};
use crate::{IdentityApp, entry};

pub(super) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(request_password_reset))
        .routes(routes!(open_password_reset))
        .routes(routes!(reset_password))
        .routes(routes!(change_password))
        .routes(routes!(verify_password))
}

/// Sends a letter that lets its reader set a new password, if there is an account.
///
/// The answer is the same for every address. Failures are 400 `INVALID_EMAIL`, 403
/// `INVALID_CALLBACK_URL` and 429 `RATE_LIMITED`.
#[utoipa::path(
    post,
    path = "/v1/auth/request-password-reset",
    tag = "auth",
    security(()),
    request_body = RequestReset,
    responses(
        (status = 200, body = ResetRequested, description = "A letter is on its way, if one is due."),
        Problems
    )
)]
async fn request_password_reset(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    AuthForm(form): AuthForm<RequestReset>,
) -> AuthAnswer<Reply<ResetRequested>> {
    let redirect_to = form.redirect_to.as_deref();
    letter_requests::ask(&house, &caller, &device, Wanted::PasswordReset, &form.email, redirect_to)
        .await
        .map_err(translate)?;
    Ok(Reply(ResetRequested {
        status: true,
        message: "If this email exists in our system, check your email for the reset link",
    }))
}

/// Where the link of a reset letter leads: to the app's page with `?token=`, or `?error=INVALID_TOKEN`.
///
/// It spends nothing. Without `callbackURL` the server shows a page of its own.
#[utoipa::path(
    get,
    path = "/v1/auth/reset-password/{token}",
    tag = "auth",
    security(()),
    params(("token" = String, Path, description = "From the letter."), ResetLink),
    responses(
        (status = 200, content_type = "text/html", description = "A page of the server's own."),
        (status = 302, description = "To the `callbackURL`."),
        Problems
    )
)]
async fn open_password_reset(
    State(house): State<IdentityApp>,
    Path(token): Path<String>,
    AuthParams(query): AuthParams<ResetLink>,
) -> AuthAnswer<Response> {
    let callback = query.callback_url.as_deref().filter(|url| !url.is_empty());
    house.check_callback(callback).map_err(translate)?;
    let found = password_reset::look(&house, &token).await.map_err(translate)?.is_some();
    Ok(match (callback, found) {
        (Some(url), true) => lead(&with_query(url, &[("token", &token)]), false)?,
        (Some(url), false) => lead(&with_query(url, &[("error", "INVALID_TOKEN")]), false)?,
        (None, true) => page::new_password(
            "A new password",
            "Choose a new password. Everybody who is signed in to your account is signed out.",
            "Set the password",
            "/v1/auth/reset-password",
            &[("token", &token)],
        ),
        (None, false) => sorry(&translate(password_reset::invalid())),
    })
}

/// Sets a new password by the token of a reset letter, and ends every session.
///
/// Failures are 400 `INVALID_TOKEN`, `PASSWORD_TOO_SHORT`, `PASSWORD_TOO_LONG` and 429
/// `RATE_LIMITED`.
#[utoipa::path(
    post,
    path = "/v1/auth/reset-password",
    tag = "auth",
    security(()),
    params(ResetToken),
    request_body = ResetPassword,
    responses(
        (status = 200, body = Status, description = "The new password is good.",
         example = json!({ "status": true })),
        Problems
    )
)]
async fn reset_password(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    AuthParams(query): AuthParams<ResetToken>,
    form: Form<ResetPassword>,
) -> AuthAnswer<Response> {
    let landing = Landing { callback: None, by_page: form.by_page };
    let token = form.sent.token.or(query.token).unwrap_or_default();
    let password = &form.sent.new_password;
    match password_reset::complete(&house, &caller, &device, &token, password).await {
        Ok(()) => Ok(landing.done(
            "Your password is set",
            "Everybody was signed out. Sign in with the new password.",
            || (StatusCode::OK, Reply(Status::DONE)).into_response(),
        )?),
        Err(error) => landing.failed(translate(error)),
    }
}

/// Sets a new password by the current one. The session goes on with a new token.
///
/// With `revokeOtherSessions` a token pair ends too: sign in again with the new password.
///
/// Failures are 400 `INVALID_PASSWORD`, `CREDENTIAL_ACCOUNT_NOT_FOUND`, `PASSWORD_TOO_SHORT`,
/// `PASSWORD_TOO_LONG`, 401 `UNAUTHORIZED` and 429 `RATE_LIMITED`.
#[utoipa::path(
    post,
    path = "/v1/auth/change-password",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = ChangePassword,
    responses(
        (status = 200, body = PasswordChanged, description = "The new password is good.",
         headers(
            ("set-cookie" = String, description = "The session, for browsers."),
            ("set-auth-token" = String, description = "The session, for everybody else.")
         )),
        Problems
    )
)]
async fn change_password(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    AuthForm(form): AuthForm<ChangePassword>,
) -> AuthAnswer<Response> {
    let (current, new): (&Secret<String>, _) = (&form.current_password, &form.new_password);
    let end_others = form.revoke_other_sessions.unwrap_or(false);
    let renewed = password_change::change(&house, &caller, &device, current, new, end_others)
        .await
        .map_err(translate)?;
    let token = renewed.token.as_ref().map(|next| next.text.reveal().clone());
    let body = PasswordChanged { token, user: renewed.account };
    Ok(entry::renewed(&house, renewed.token.as_ref(), &body)?)
}

/// Proves who one is: the session counts as fresh again and goes on with a new token.
///
/// To a token pair `set-auth-token` gives the access token that is fresh; the ones before it, and
/// those its refresh token is exchanged for, are not.
///
/// Failures are 400 `INVALID_PASSWORD`, `CREDENTIAL_ACCOUNT_NOT_FOUND`, 401 `UNAUTHORIZED` and
/// 429 `RATE_LIMITED`.
#[utoipa::path(
    post,
    path = "/v1/auth/verify-password",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = VerifyPassword,
    responses(
        (status = 200, body = Status, description = "It is the right one.",
         headers(
            ("set-cookie" = String, description = "The session, for browsers."),
            ("set-auth-token" = String, description = "The session, for everybody else.")
         )),
        Problems
    )
)]
async fn verify_password(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    AuthForm(form): AuthForm<VerifyPassword>,
) -> AuthAnswer<Response> {
    let renewed = password_change::step_up(&house, &caller, &device, &form.password)
        .await
        .map_err(translate)?;
    Ok(entry::renewed(&house, renewed.token.as_ref(), &Status::DONE)?)
}
