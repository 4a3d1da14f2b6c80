//! The token pair's calls, with failures in the house's own shape.

use axum::extract::State;
use types::{Error, Secret, SessionId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Body, By, OptionalBody, Problems, Reply};

use super::model::{
    Account, Entered, NewAccount, RefreshPair, SignInPair, SignOutPair, SignUpPair, Success,
    TokenPair,
};
use super::rules;
use crate::IdentityApp;
use crate::sessions::{self, Device, Surface};

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
) -> Answer<Reply<TokenPair>> {
    let tokens = &house.parts.access_tokens;
    Ok(Reply(TokenPair {
        access_token: tokens.sign(user.id, session, house.now())?,
        refresh_token: refresh.reveal().clone(),
        expires_in: tokens.life_s(),
        user,
    }))
}

fn entered(house: &IdentityApp, entered: Entered) -> Answer<Reply<TokenPair>> {
    pair(house, entered.account, entered.session, &entered.token)
}

/// Makes an account and answers with a token pair.
///
/// Failures are 409 `user_already_exists` and 422 `invalid_email`, `password_too_short`,
/// `password_too_long`.
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
    let before_at = || form.email.trim().split('@').next().unwrap_or_default().to_owned();
    let new = NewAccount {
        name: form.name.clone().unwrap_or_else(before_at),
        email: form.email,
        password: form.password,
        image: None,
    };
    entered(&house, rules::sign_up(&house, &caller, new, device, Surface::Pair).await?)
}

/// Signs in for a token pair; 401 `invalid_credentials`, the same for an unknown address.
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
    let done =
        rules::sign_in(&house, &caller, &form.email, &form.password, device, Surface::Pair).await?;
    entered(&house, done)
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
/// Each is good for one exchange. Showing a spent one again ends the session with all its tokens:
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
    Body(form): Body<RefreshPair>,
) -> Answer<Reply<TokenPair>> {
    let (session, user, minted) =
        sessions::refresh(&house, &caller, form.refresh_token.reveal()).await?;
    let user = rules::find(&house, user).await?.ok_or_else(Error::unauthenticated)?;
    pair(&house, user, session, &minted.token.text)
}

/// Ends the session of the access token, or of the refresh token in the body.
#[utoipa::path(
    post,
    path = "/v1/auth/signout",
    tag = "auth",
    security((), ("bearer" = [])),
    request_body = SignOutPair,
    responses(
        (status = 200, body = Success, description = "The session has ended.",
         example = json!({ "success": true })),
        Problems
    )
)]
async fn signout(
    State(house): State<IdentityApp>,
    By(caller): By,
    OptionalBody(form): OptionalBody<SignOutPair>,
) -> Answer<Reply<Success>> {
    sessions::end(&house, &caller).await?;
    if let Some(token) = form.refresh_token {
        sessions::end_by_refresh(&house, &caller, token.reveal()).await?;
    }
    Ok(Reply(Success { success: true }))
}

/// Another name of `signout`.
#[utoipa::path(
    post,
    path = "/v1/auth/logout",
    tag = "auth",
    security((), ("bearer" = [])),
    request_body = SignOutPair,
    responses(
        (status = 200, body = Success, description = "The session has ended.",
         example = json!({ "success": true })),
        Problems
    )
)]
async fn logout(
    state: State<IdentityApp>,
    by: By,
    body: OptionalBody<SignOutPair>,
) -> Answer<Reply<Success>> {
    signout(state, by, body).await
}
