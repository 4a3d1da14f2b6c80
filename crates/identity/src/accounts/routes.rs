//! The better-auth client's calls.

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use http::{HeaderMap, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{AuthAnswer, By, Problems, Reply};

use super::model::{
    AuthOk, NewAccount, SessionAndUser, SignInEmail, SignOut, SignUpEmail, SignedInEmail, SignedUp,
    Success,
};
use super::rules::{self, Arrival, Welcome};
use crate::IdentityApp;
use crate::entry;
use crate::sessions::{self, Device, Surface};
use crate::wire::{AuthForm, AuthOptionalForm, translate};

pub(super) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(sign_up_email))
        .routes(routes!(sign_in_email))
        .routes(routes!(sign_out))
        .routes(routes!(get_session, post_session))
        .routes(routes!(auth_ok))
}

/// Makes an account with a private group and signs it in; a letter proves the address.
///
/// Where addresses are proven first, `token` is null, and the answer is the same when somebody has
/// the address. Failures are 400 `VALIDATION_ERROR`, `INVALID_EMAIL`, `PASSWORD_TOO_SHORT`,
/// `PASSWORD_TOO_LONG`, `EMAIL_PASSWORD_SIGN_UP_DISABLED`, 403 `INVALID_CALLBACK_URL`, 422
/// `USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL` and 429 `RATE_LIMITED`.
#[utoipa::path(
    post,
    path = "/v1/auth/sign-up/email",
    tag = "auth",
    security(()),
    request_body = SignUpEmail,
    responses(
        (status = 200, body = SignedUp, description = "The account is made.",
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
    let remember = form.remember_me.unwrap_or(true);
    let callback = form.callback_url;
    let new = NewAccount {
        name: form.name,
        email: form.email,
        password: form.password,
        image: form.image,
    };
    let arrival = Arrival { device, surface: Surface::Opaque, remember, callback };
    match rules::sign_up(&house, &caller, new, arrival).await.map_err(translate)? {
        Welcome::In(entered) => {
            let token = Some(entered.token.reveal().clone());
            let body = SignedUp { token, user: entered.account };
            Ok(entry::signed_in(&house, &entered.token, remember, &body)?)
        }
        Welcome::Waiting(user) => Ok(Reply(SignedUp { token: None, user: *user }).into_response()),
    }
}

/// Signs in with e-mail address and password.
///
/// Failures are 400 `INVALID_EMAIL`, 401 `INVALID_EMAIL_OR_PASSWORD` (the same for an unknown
/// address), 403 `INVALID_CALLBACK_URL`, `EMAIL_NOT_VERIFIED`, and 429 `RATE_LIMITED` with
/// `X-Retry-After`, after too many wrong passwords for the right one too.
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
    let remember = form.remember_me.unwrap_or(true);
    let callback = form.callback_url.clone();
    let arrival = Arrival { device, surface: Surface::Opaque, remember, callback };
    let entry = rules::sign_in(&house, &caller, &form.email, &form.password, arrival)
        .await
        .map_err(translate)?;
    let url = form.callback_url;
    Ok(entry::entered(&house, entry, |entered| SignedInEmail {
        redirect: url.is_some(),
        token: entered.token.reveal().clone(),
        url,
        user: entered.account,
    })?)
}

/// Ends the session of the cookie or token that is sent, and takes the cookies away. Who acts as
/// somebody else leaves altogether: the session their browser keeps meanwhile ends too.
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
    headers: HeaderMap,
    AuthOptionalForm(SignOut { .. }): AuthOptionalForm<SignOut>,
) -> AuthAnswer<Response> {
    let gone = sessions::leave(&house, &caller, &headers).await.map_err(translate)?;
    let gone = AppendHeaders(gone.into_iter().map(|cookie| (header::SET_COOKIE, cookie)));
    Ok((gone, Reply(Success { success: true })).into_response())
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
