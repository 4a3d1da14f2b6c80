//! The better-auth client's calls.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, header};
use serde::Serialize;
use types::{Result, Secret};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{AuthAnswer, By, Problems, Reply};

use super::model::{
    AuthOk, NewAccount, SessionAndUser, SignInEmail, SignOut, SignUpEmail, SignedInEmail, SignedUp,
    Success,
};
use super::rules;
use crate::IdentityApp;
use crate::sessions::{self, Device, Surface, clear_cookie, set_cookie};
use crate::wire::{AuthForm, AuthOptionalForm, translate};

const SET_AUTH_TOKEN: HeaderName = HeaderName::from_static("set-auth-token");

pub(super) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(sign_up_email))
        .routes(routes!(sign_in_email))
        .routes(routes!(sign_out))
        .routes(routes!(get_session, post_session))
        .routes(routes!(auth_ok))
}

/// An answer that signs a browser in, and gives the token to whoever is none.
pub(crate) fn signed_in(
    house: &IdentityApp,
    token: &Secret<String>,
    remember: bool,
    body: &impl Serialize,
) -> Result<Response> {
    let days = remember.then_some(house.parts.settings.session_days);
    let cookie = set_cookie(house.parts.secure, token.reveal(), days)?;
    let mut bearer = HeaderValue::try_from(token.reveal().as_str())?;
    bearer.set_sensitive(true);
    let mut response = Reply(body).into_response();
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response.headers_mut().insert(SET_AUTH_TOKEN, bearer);
    Ok(response)
}

/// Makes an account with a private group and signs it in.
///
/// Failures are 400 `VALIDATION_ERROR`, `INVALID_EMAIL`, `PASSWORD_TOO_SHORT`,
/// `PASSWORD_TOO_LONG` and 422 `USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL`.
#[utoipa::path(
    post,
    path = "/v1/auth/sign-up/email",
    tag = "auth",
    security(()),
    request_body = SignUpEmail,
    responses(
        (status = 200, body = SignedUp, description = "The account is made and signed in.",
         headers(
            ("set-cookie" = String, description = "The session, for browsers."),
            ("set-auth-token" = String, description = "The session, for everybody else.")
         )),
        Problems
    )
)]
async fn sign_up_email(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    AuthForm(form): AuthForm<SignUpEmail>,
) -> AuthAnswer<Response> {
    rules::check_callback(&house, form.callback_url.as_deref()).map_err(translate)?;
    let remember = form.remember_me.unwrap_or(true);
    let new = NewAccount {
        name: form.name,
        email: form.email,
        password: form.password,
        image: form.image,
    };
    let entered =
        rules::sign_up(&house, &caller, new, device, Surface::Opaque).await.map_err(translate)?;
    let body = SignedUp { token: entered.token.reveal().clone(), user: entered.account };
    Ok(signed_in(&house, &entered.token, remember, &body)?)
}

/// Signs in with e-mail address and password.
///
/// Failures are 400 `INVALID_EMAIL`, 401 `INVALID_EMAIL_OR_PASSWORD` (the same for an unknown
/// address) and 403 `INVALID_CALLBACKURL`.
#[utoipa::path(
    post,
    path = "/v1/auth/sign-in/email",
    tag = "auth",
    security(()),
    request_body = SignInEmail,
    responses(
        (status = 200, body = SignedInEmail, description = "Signed in.",
         headers(
            ("set-cookie" = String, description = "The session, for browsers."),
            ("set-auth-token" = String, description = "The session, for everybody else.")
         )),
        Problems
    )
)]
async fn sign_in_email(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    AuthForm(form): AuthForm<SignInEmail>,
) -> AuthAnswer<Response> {
    rules::check_callback(&house, form.callback_url.as_deref()).map_err(translate)?;
    let remember = form.remember_me.unwrap_or(true);
    let entered =
        rules::sign_in(&house, &caller, &form.email, &form.password, device, Surface::Opaque)
            .await
            .map_err(translate)?;
    let body = SignedInEmail {
        redirect: form.callback_url.is_some(),
        token: entered.token.reveal().clone(),
        url: form.callback_url,
        user: entered.account,
    };
    Ok(signed_in(&house, &entered.token, remember, &body)?)
}

/// Ends the session of the cookie or token that is sent, and takes the cookie away.
#[utoipa::path(
    post,
    path = "/v1/auth/sign-out",
    tag = "auth",
    security((), ("bearer" = []), ("session" = [])),
    request_body = SignOut,
    responses(
        (status = 200, body = Success, description = "Nobody is signed in any more.",
         example = json!({ "success": true })),
        Problems
    )
)]
async fn sign_out(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthOptionalForm(SignOut { .. }): AuthOptionalForm<SignOut>,
) -> AuthAnswer<Response> {
    sessions::end(&house, &caller).await.map_err(translate)?;
    let cookie = clear_cookie(house.parts.secure)?;
    Ok(([(header::SET_COOKIE, cookie)], Reply(Success { success: true })).into_response())
}

/// Who is signed in; `null` when nobody is.
#[utoipa::path(
    get,
    path = "/v1/auth/get-session",
    tag = "auth",
    security((), ("bearer" = []), ("session" = [])),
    responses(
        (status = 200, body = Option<SessionAndUser>, description = "The session, or `null`."),
        Problems
    )
)]
async fn get_session(
    State(house): State<IdentityApp>,
    By(caller): By,
) -> AuthAnswer<Reply<Option<SessionAndUser>>> {
    let Some(user) = caller.user() else { return Ok(Reply(None)) };
    let Some(session) = sessions::find(&house, &caller).await.map_err(translate)? else {
        return Ok(Reply(None));
    };
    let user = rules::find(&house, user).await.map_err(translate)?;
    Ok(Reply(user.map(|user| SessionAndUser { session, user })))
}

/// The same as by GET, for clients that post.
#[utoipa::path(
    post,
    path = "/v1/auth/get-session",
    tag = "auth",
    security((), ("bearer" = []), ("session" = [])),
    responses(
        (status = 200, body = Option<SessionAndUser>, description = "The session, or `null`."),
        Problems
    )
)]
async fn post_session(
    state: State<IdentityApp>,
    by: By,
) -> AuthAnswer<Reply<Option<SessionAndUser>>> {
    get_session(state, by).await
}

/// Whether the auth service is there.
#[utoipa::path(
    get,
    path = "/v1/auth/ok",
    tag = "auth",
    security(()),
    responses(
        (status = 200, body = AuthOk, description = "It is.", example = json!({ "ok": true })),
        Problems
    )
)]
async fn auth_ok() -> Reply<AuthOk> {
    Reply(AuthOk { ok: true })
}
