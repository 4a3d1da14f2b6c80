//! The wires of an account's end.

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, Method, header};
use kernel::Caller;
use types::{Error, ErrorKind};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{AuthAnswer, By, Problems, Reply};

use super::deletion::{self, Outcome, Proof};
use super::forms::{DeleteUser, UserDeleted, VerifyEmail};
use super::landing::{Landing, sorry};
use crate::IdentityApp;
use crate::cookies::Cookie;
use crate::page::{self, Form};
use crate::sessions::Device;
use crate::wire::{AuthOptionalForm, AuthParams, translate};

pub(super) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(delete_user))
        .routes(routes!(delete_user_page, delete_user_by_link))
}

const DELETED: UserDeleted = UserDeleted { success: true, message: "User deleted" };

/// Deletes the account of whoever is signed in.
///
/// With the password, or the token of a letter, at once; with neither a letter is sent, if the
/// session is fresh. Failures are 400 `INVALID_PASSWORD`, `CREDENTIAL_ACCOUNT_NOT_FOUND`, 401
/// `UNAUTHORIZED`, 403 `SESSION_NOT_FRESH`, 404 `INVALID_TOKEN`, 409 `ONLY_OWNER` and 429
/// `RATE_LIMITED`.
#[utoipa::path(
    post,
    path = "/v1/auth/delete-user",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = DeleteUser,
    responses(
        (status = 200, body = UserDeleted, description = "Deleted, or a letter is on its way."),
        Problems
    )
)]
async fn delete_user(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    AuthOptionalForm(form): AuthOptionalForm<DeleteUser>,
) -> AuthAnswer<Response> {
    let proof = match (form.password, form.token) {
        (Some(password), _) => Proof::Password(password),
        (None, Some(token)) => Proof::Token(token),
        (None, None) => Proof::None { callback: form.callback_url },
    };
    match deletion::delete(&house, &caller, &device, proof, form.contents)
        .await
        .map_err(translate)?
    {
        Outcome::Deleted => {
            let gone = gone(&house)?.map(|cookie| (header::SET_COOKIE, cookie));
            Ok((AppendHeaders(gone), Reply(DELETED)).into_response())
        }
        Outcome::LetterSent => {
            Ok(Reply(UserDeleted { success: true, message: "Verification email sent" })
                .into_response())
        }
    }
}

/// Deletes the account by the token of a letter, for whoever is signed in to it.
///
/// For programs this takes the token; a browser that follows the link gets a page with a button.
/// Failures are 404 `FAILED_TO_GET_USER_INFO` without a session, 404 `INVALID_TOKEN` and 409
/// `ONLY_OWNER`.
#[utoipa::path(
    get,
    path = "/v1/auth/delete-user/callback",
    tag = "auth",
    security((), ("bearer" = []), ("session" = [])),
    params(VerifyEmail),
    responses(
        (status = 200, body = UserDeleted, description = "Deleted; or a page."),
        (status = 302, description = "To the `callbackURL`."),
        Problems
    )
)]
async fn delete_user_page(
    State(house): State<IdentityApp>,
    By(caller): By,
    method: Method,
    headers: HeaderMap,
    device: Device,
    AuthParams(query): AuthParams<VerifyEmail>,
) -> AuthAnswer<Response> {
    house.check_callback(query.callback_url.as_deref()).map_err(translate)?;
    if page::is_fetched(&method, &headers) {
        return deleted(&house, &caller, &device, query, false).await;
    }
    if caller.user().is_none() {
        return Ok(sorry(&translate(nobody())));
    }
    let mut hidden = vec![("token", query.token.as_str())];
    hidden.extend(query.callback_url.as_deref().map(|url| ("callbackURL", url)));
    Ok(page::confirm(
        "Delete your account?",
        "You lose your sign-in, your keys and your memberships. This cannot be undone.",
        "Yes, delete it",
        "/v1/auth/delete-user/callback",
        &hidden,
    ))
}

/// The same by the button of that page, or as JSON.
#[utoipa::path(
    post,
    path = "/v1/auth/delete-user/callback",
    tag = "auth",
    security((), ("bearer" = []), ("session" = [])),
    request_body = VerifyEmail,
    responses(
        (status = 200, body = UserDeleted, description = "Deleted."),
        (status = 303, description = "To the `callbackURL`, after the page's button."),
        Problems
    )
)]
async fn delete_user_by_link(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    form: Form<VerifyEmail>,
) -> AuthAnswer<Response> {
    house.check_callback(form.sent.callback_url.as_deref()).map_err(translate)?;
    deleted(&house, &caller, &device, form.sent, form.by_page).await
}

async fn deleted(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    sent: VerifyEmail,
    by_page: bool,
) -> AuthAnswer<Response> {
    let landing = Landing { callback: sent.callback_url.as_deref(), by_page };
    if caller.user().is_none() {
        return landing.failed(translate(nobody()));
    }
    match deletion::delete(house, caller, device, Proof::Token(sent.token), None).await {
        Ok(_) => {
            let mut response = landing
                .done("Farewell", "Your account is deleted.", || Reply(DELETED).into_response())?;
            gone(house)?.for_each(|cookie| {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            });
            Ok(response)
        }
        Err(error) => landing.failed(translate(error)),
    }
}

fn gone(house: &IdentityApp) -> types::Result<impl Iterator<Item = HeaderValue>> {
    Ok(Cookie::of_visit(house.parts.secure)?.into_iter())
}

fn nobody() -> Error {
    Error::new(
        ErrorKind::NotFound,
        "failed_to_get_user_info",
        "Sign in to the account first, then open the link again.",
    )
}
