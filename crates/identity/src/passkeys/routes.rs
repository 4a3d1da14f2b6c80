//! The wires of passkeys.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, header};
use serde::Serialize;
use types::Secret;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{AuthAnswer, By, Problems, Reply};

use super::model::{
    AuthenticateOptions, DeletePasskey, Passkey, PasskeyDeleted, PasskeySession, RegisterOptions,
    RegisterQuery, Registered, RenamePasskey, RenamedPasskey, VerifyAuthentication,
    VerifyRegistration,
};
use super::{ceremonies, options, rules};
use crate::IdentityApp;
use crate::cookies::Cookie;
use crate::entry;
use crate::sessions::Device;
use crate::wire::{AuthForm, AuthParams, translate};

pub(super) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(generate_register_options))
        .routes(routes!(verify_registration))
        .routes(routes!(generate_authenticate_options, post_authenticate_options))
        .routes(routes!(verify_authentication))
        .routes(routes!(list_user_passkeys))
        .routes(routes!(update_passkey))
        .routes(routes!(delete_passkey))
}

/// An answer with a challenge, named by a cookie.
fn challenged<T: Serialize>(
    house: &IdentityApp,
    token: &Secret<String>,
    options: &T,
) -> AuthAnswer<Response> {
    let seconds = u64::from(house.parts.settings.passkey_seconds);
    let cookie = Cookie::Passkey.set(house.parts.secure, token, Some(seconds))?;
    Ok(([(header::SET_COOKIE, cookie)], Reply(options)).into_response())
}

/// What to ask an authenticator for, to add a passkey.
///
/// The session must be fresh (403 `SESSION_NOT_FRESH`). The challenge is good once, and for five
/// minutes unless the server says otherwise; a cookie names it.
#[utoipa::path(
    get,
    path = "/v1/auth/passkey/generate-register-options",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    params(RegisterQuery),
    responses((status = 200, body = RegisterOptions, description = "The options."), Problems)
)]
async fn generate_register_options(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthParams(query): AuthParams<RegisterQuery>,
) -> AuthAnswer<Response> {
    let (token, options) = options::register(&house, &caller, query).await.map_err(translate)?;
    challenged(&house, &token, &options)
}

/// Adds a passkey; its owner gets a letter.
///
/// The challenge is spent whatever comes of it. Failures are 400 `CHALLENGE_NOT_FOUND`,
/// `FAILED_TO_VERIFY_REGISTRATION`, `PREVIOUSLY_REGISTERED`, 401
/// `YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY`, 403 `SESSION_NOT_FRESH` and 409
/// `TOO_MANY_PASSKEYS`.
#[utoipa::path(
    post,
    path = "/v1/auth/passkey/verify-registration",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = VerifyRegistration,
    responses((status = 200, body = Registered, description = "The passkey."), Problems)
)]
async fn verify_registration(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    headers: HeaderMap,
    AuthForm(form): AuthForm<VerifyRegistration>,
) -> AuthAnswer<Response> {
    let secure = house.parts.secure;
    let cookie = Cookie::Passkey.read(&headers, secure);
    let (passkey, begun) =
        ceremonies::register(&house, &caller, form, cookie, device).await.map_err(translate)?;
    let mut response = match begun {
        None => Reply(Registered { passkey, session: None, user: None }).into_response(),
        Some((entered, session)) => {
            let (session, user) = (Some(session), Some(entered.account));
            let body = Registered { passkey, session, user };
            entry::signed_in(&house, &entered.token, entered.remember, &body)?
        }
    };
    response.headers_mut().append(header::SET_COOKIE, Cookie::Passkey.clear(secure)?);
    Ok(response)
}

/// What to ask an authenticator for, to sign in.
///
/// Nobody needs to be known: the device finds its own passkey. Whoever is signed in is asked for
/// one of theirs.
#[utoipa::path(
    get,
    path = "/v1/auth/passkey/generate-authenticate-options",
    tag = "auth",
    security((), ("bearer" = []), ("session" = [])),
    responses((status = 200, body = AuthenticateOptions, description = "The options."), Problems)
)]
async fn generate_authenticate_options(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
) -> AuthAnswer<Response> {
    let (token, options) =
        options::authenticate(&house, &caller, &device).await.map_err(translate)?;
    challenged(&house, &token, &options)
}

/// The same as by GET, for clients that post.
#[utoipa::path(
    post,
    path = "/v1/auth/passkey/generate-authenticate-options",
    tag = "auth",
    security((), ("bearer" = []), ("session" = [])),
    responses((status = 200, body = AuthenticateOptions, description = "The options."), Problems)
)]
async fn post_authenticate_options(
    state: State<IdentityApp>,
    by: By,
    device: Device,
) -> AuthAnswer<Response> {
    generate_authenticate_options(state, by, device).await
}

/// Signs in with a passkey; no second factor is asked for.
///
/// The challenge is spent whatever comes of it. Failures are 400 `CHALLENGE_NOT_FOUND`, 401
/// `PASSKEY_NOT_FOUND`, `AUTHENTICATION_FAILED` (400 where it is not about the signature) and 403
/// `BANNED_USER`.
#[utoipa::path(
    post,
    path = "/v1/auth/passkey/verify-authentication",
    tag = "auth",
    security((), ("bearer" = []), ("session" = [])),
    request_body = VerifyAuthentication,
    responses(
        (status = 200, body = PasskeySession, description = "Signed in.",
         headers(
            ("set-cookie" = String, description = "The session, for browsers."),
            ("set-auth-token" = String, description = "The session, for everybody else.")
         )),
        Problems
    )
)]
async fn verify_authentication(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    headers: HeaderMap,
    AuthForm(form): AuthForm<VerifyAuthentication>,
) -> AuthAnswer<Response> {
    let secure = house.parts.secure;
    let cookie = Cookie::Passkey.read(&headers, secure);
    let (entered, session) = ceremonies::sign_in(&house, &caller, form.response, cookie, device)
        .await
        .map_err(translate)?;
    let body = PasskeySession { session, user: entered.account };
    let mut response = entry::signed_in(&house, &entered.token, entered.remember, &body)?;
    response.headers_mut().append(header::SET_COOKIE, Cookie::Passkey.clear(secure)?);
    Ok(response)
}

/// The passkeys of whoever is signed in.
#[utoipa::path(
    get,
    path = "/v1/auth/passkey/list-user-passkeys",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    responses((status = 200, body = Vec<Passkey>, description = "All of them."), Problems)
)]
async fn list_user_passkeys(
    State(house): State<IdentityApp>,
    By(caller): By,
) -> AuthAnswer<Reply<Vec<Passkey>>> {
    Ok(Reply(rules::list(&house, &caller).await.map_err(translate)?))
}

/// Gives a passkey another name; 404 `PASSKEY_NOT_FOUND`, also for somebody else's.
#[utoipa::path(
    post,
    path = "/v1/auth/passkey/update-passkey",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = RenamePasskey,
    responses((status = 200, body = RenamedPasskey, description = "The passkey."), Problems)
)]
async fn update_passkey(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<RenamePasskey>,
) -> AuthAnswer<Reply<RenamedPasskey>> {
    let passkey = rules::rename(&house, &caller, form.id, &form.name).await.map_err(translate)?;
    Ok(Reply(RenamedPasskey { passkey }))
}

/// Removes a passkey; it is good for nothing with the next request.
///
/// Failures are 403 `SESSION_NOT_FRESH` and 404 `PASSKEY_NOT_FOUND`, also for somebody else's. The
/// last one may be removed, too: a mailed link or a new password leads in again.
#[utoipa::path(
    post,
    path = "/v1/auth/passkey/delete-passkey",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = DeletePasskey,
    responses((status = 200, body = PasskeyDeleted, description = "It is gone."), Problems)
)]
async fn delete_passkey(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<DeletePasskey>,
) -> AuthAnswer<Reply<PasskeyDeleted>> {
    rules::remove(&house, &caller, form.id).await.map_err(translate)?;
    Ok(Reply(PasskeyDeleted { status: true }))
}
