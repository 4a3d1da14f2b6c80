//! The token pair's calls, with failures in the house's own shape.

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use http::{HeaderMap, header};
use types::{Error, ErrorKind, Secret, SessionId, Time};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Body, By, OptionalBody, Problems, Reply};

use super::model::{
    Account, NewAccount, RefreshPair, SignInPair, SignOutPair, SignUpPair, Success, TokenPair,
};
use super::rules::{self, Arrival, Welcome};
use crate::IdentityApp;
use crate::entry::{Entered, Entry};
use crate::sessions::{self, Device, Surface};
use crate::two_factor;

pub(super) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(signup))
        .routes(routes!(signin))
        .routes(routes!(login))
        .routes(routes!(refresh))
        .routes(routes!(signout))
        .routes(routes!(logout))
}

fn pair(
    house: &IdentityApp,
    user: Account,
    session: SessionId,
    refresh: &Secret<String>,
    proven: Time,
) -> Answer<Reply<TokenPair>> {
    let tokens = &house.parts.access_tokens;
    Ok(Reply(TokenPair {
        access_token: Some(tokens.sign(user.id, session, proven, house.now())?),
        refresh_token: Some(refresh.reveal().clone()),
        expires_in: tokens.life_s(),
        user,
    }))
}

fn entered(house: &IdentityApp, entered: Entered) -> Answer<Reply<TokenPair>> {
    pair(house, entered.account, entered.session, &entered.token, house.now())
}

/// Makes an account and answers with a token pair.
///
/// Where addresses are proven first, the tokens are null until then. Failures are 403
/// `sign_up_disabled`, 409 `user_already_exists`, 422 `invalid_email`, `password_too_short`,
/// `password_too_long` and 429 `rate_limited`.
#[utoipa::path(
    post,
    path = "/v1/auth/signup",
    tag = "auth",
    security(()),
    request_body = SignUpPair,
    responses((status = 200, body = TokenPair, description = "The account is made."), Problems)
)]
async fn signup(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    Body(form): Body<SignUpPair>,
) -> Answer<Reply<TokenPair>> {
    let new = NewAccount {
        name: form.name.clone().unwrap_or_else(|| rules::name_of(form.email.trim())),
        email: form.email,
        password: form.password,
        image: None,
    };
    let arrival = Arrival { device, surface: Surface::Pair, remember: true, callback: None };
    match rules::sign_up(&house, &caller, new, arrival).await? {
        Welcome::In(done) => entered(&house, *done),
        Welcome::Waiting(user) => Ok(Reply(TokenPair {
            access_token: None,
            refresh_token: None,
            expires_in: 0,
            user: *user,
        })),
    }
}

/// Signs in for a token pair; 401 `invalid_credentials`, the same for an unknown address; 403
/// `email_not_verified`; 429 `rate_limited`.
///
/// An account with a second factor answers 403 `second_factor_required`: ask for it, and send the
/// same again with `code`. Where mailed codes are its only one, that answer mails one. A wrong one is 401 `invalid_code` or `invalid_backup_code`; after too
/// many, 429 `account_temporarily_locked`.
#[utoipa::path(
    post,
    path = "/v1/auth/signin",
    tag = "auth",
    security(()),
    request_body = SignInPair,
    responses((status = 200, body = TokenPair, description = "Signed in."), Problems)
)]
async fn signin(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    Body(form): Body<SignInPair>,
) -> Answer<Reply<TokenPair>> {
    // Trust is kept in a cookie that moves on at each use; this answer sets none.
    let device = Device { trusted: None, ..device };
    let again = device.clone();
    let arrival = Arrival { device, surface: Surface::Pair, remember: true, callback: None };
    match rules::sign_in(&house, &caller, &form.email, &form.password, arrival).await? {
        Entry::In(done) => entered(&house, *done),
        Entry::SecondFactor(pending) => {
            let Some(code) = form.code else {
                two_factor::mail_to_pair(&house, &caller, &pending, &again).await?;
                return Err(second_factor_required().into());
            };
            let (user, session, token) =
                two_factor::finish_pair(&house, &caller, &pending, code, again).await?;
            pair(&house, user, session, &token, house.now())
        }
    }
}

fn second_factor_required() -> Error {
    Error::new(
        ErrorKind::Forbidden,
        "second_factor_required",
        "This account wants a second factor: send the same again with `code`, six digits of its \
         authenticator app, a backup code or, where it has no app, the code we just mailed.",
    )
}

/// Another name of `signin`.
#[utoipa::path(
    post,
    path = "/v1/auth/login",
    tag = "auth",
    security(()),
    request_body = SignInPair,
    responses((status = 200, body = TokenPair, description = "Signed in."), Problems)
)]
async fn login(
    state: State<IdentityApp>,
    by: By,
    device: Device,
    body: Body<SignInPair>,
) -> Answer<Reply<TokenPair>> {
    signin(state, by, device, body).await
}

/// Exchanges a refresh token for a new pair.
///
/// Each is good for one exchange. The new access token says that its owner proved who they are when
/// they signed in: what asks for a fresh proof takes the token that `verify-password` answers with.
/// Showing a spent one again ends the session with all its tokens:
/// 401 `invalid_refresh_token`, sign in again.
#[utoipa::path(
    post,
    path = "/v1/auth/refresh",
    tag = "auth",
    security(()),
    request_body = RefreshPair,
    responses((status = 200, body = TokenPair, description = "The next pair."), Problems)
)]
async fn refresh(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    Body(form): Body<RefreshPair>,
) -> Answer<Reply<TokenPair>> {
    let next = sessions::refresh(&house, &caller, &device, form.refresh_token.reveal()).await?;
    let user = rules::find(&house, next.user).await?.ok_or_else(Error::unauthenticated)?;
    pair(&house, user, next.session, &next.token, next.proven)
}

/// Ends the session of the access token or cookie, or of the refresh token in the body, and takes
/// the cookie away.
#[utoipa::path(
    post,
    path = "/v1/auth/signout",
    tag = "auth",
    security((), ("bearer" = []), ("session" = [])),
    request_body = Option<SignOutPair>,
    responses(
        (status = 200, body = Success, description = "The session has ended.",
         example = json!({ "success": true })),
        Problems
    )
)]
async fn signout(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    headers: HeaderMap,
    OptionalBody(form): OptionalBody<SignOutPair>,
) -> Answer<Response> {
    let gone = sessions::leave(&house, &caller, &headers).await?;
    if let Some(token) = form.refresh_token {
        sessions::end_by_refresh(&house, &caller, &device, token.reveal()).await?;
    }
    let gone = AppendHeaders(gone.into_iter().map(|cookie| (header::SET_COOKIE, cookie)));
    Ok((gone, Reply(Success { success: true })).into_response())
}

/// Another name of `signout`.
#[utoipa::path(
    post,
    path = "/v1/auth/logout",
    tag = "auth",
    security((), ("bearer" = []), ("session" = [])),
    request_body = Option<SignOutPair>,
    responses(
        (status = 200, body = Success, description = "The session has ended.",
         example = json!({ "success": true })),
        Problems
    )
)]
async fn logout(
    state: State<IdentityApp>,
    by: By,
    device: Device,
    headers: HeaderMap,
    body: OptionalBody<SignOutPair>,
) -> Answer<Response> {
    signout(state, by, device, headers, body).await
}
