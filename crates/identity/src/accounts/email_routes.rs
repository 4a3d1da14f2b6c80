//! The wires of addresses: prove, change, undo.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, StatusCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{AuthAnswer, By, Problems, Reply};

use super::email_change;
use super::forms::{ChangeEmail, RevertEmail, SendVerification, Status, Verified, VerifyEmail};
use super::landing::{Landing, sorry};
use super::letter_requests::{self, Wanted};
use super::verification::{self, Leads};
use crate::IdentityApp;
use crate::page::{self, Form};
use crate::sessions::Device;
use crate::wire::{AuthForm, AuthParams, translate};

pub(super) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(send_verification_email))
        .routes(routes!(verify_email, confirm_email))
        .routes(routes!(change_email))
        .routes(routes!(revert_email_page, revert_email))
}

/// Sends a letter that proves an address, if there is an account that has not proven it yet.
///
/// The answer is the same for every address. Failures are 400 `INVALID_EMAIL`, 403
/// `INVALID_CALLBACK_URL` and 429 `RATE_LIMITED`.
#[utoipa::path(
    post,
    path = "/v1/auth/send-verification-email",
    tag = "auth",
    security((), ("bearer" = []), ("session" = [])),
    request_body = SendVerification,
    responses(
        (status = 200, body = Status, description = "A letter is on its way, if one is due.",
         example = json!({ "status": true })),
        Problems
    )
)]
async fn send_verification_email(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    AuthForm(form): AuthForm<SendVerification>,
) -> AuthAnswer<Reply<Status>> {
    let callback = form.callback_url.as_deref();
    letter_requests::ask(&house, &caller, &device, Wanted::Verification, &form.email, callback)
        .await
        .map_err(translate)?;
    Ok(Reply(Status::DONE))
}

/// Proves an address by the token of a letter.
///
/// For programs (`Accept: application/json`, or a script's fetch) this takes the token. A browser
/// that follows the link gets a page with a button, since mail scanners follow links too.
///
/// Send the session of the account along: then it stays as it is. From anybody else it is the owner
/// of the mailbox who arrives, and unless the server wants addresses to be proven before signing in,
/// the password, sessions, passkeys, second factor and keys set up before end. A change of address is
/// made for whoever is signed in to its account only, else 401 `INVALID_USER`, and the link stays good.
/// Failures are 401 `INVALID_TOKEN` and `TOKEN_EXPIRED`, with a `callbackURL` 302 to it with
/// `?error=`; 403 `INVALID_CALLBACK_URL`; 429 `RATE_LIMITED`.
#[utoipa::path(
    get,
    path = "/v1/auth/verify-email",
    tag = "auth",
    security((), ("bearer" = []), ("session" = [])),
    params(VerifyEmail),
    responses(
        (status = 200, body = Verified, description = "The address is proven; or a page."),
        (status = 302, description = "To the `callbackURL`."),
        Problems
    )
)]
async fn verify_email(
    State(house): State<IdentityApp>,
    By(caller): By,
    method: Method,
    headers: HeaderMap,
    device: Device,
    AuthParams(query): AuthParams<VerifyEmail>,
) -> AuthAnswer<Response> {
    if page::is_fetched(&method, &headers) {
        return verified(&house, &caller, &device, &query, false).await;
    }
    house.check_callback(query.callback_url.as_deref()).map_err(translate)?;
    let mut hidden = vec![("token", query.token.as_str())];
    hidden.extend(query.callback_url.as_deref().map(|url| ("callbackURL", url)));
    let (title, sentence, button) = match verification::look(&house, &caller, &query.token).await {
        Ok(leads) => question(leads),
        Err(error) => return Ok(sorry(&translate(error))),
    };
    Ok(page::confirm(title, sentence, button, "/v1/auth/verify-email", &hidden))
}

/// What the page asks, and what its button says.
const fn question(leads: Leads) -> (&'static str, &'static str, &'static str) {
    match leads {
        Leads::Proof => (
            "Is this your address?",
            "Press the button to prove it. If you did not ask for this, close the page: somebody \
             else may have used your address.",
            "Yes, it is mine",
        ),
        Leads::Takeover => (
            "Is this your address?",
            "You are not signed in to the account here. If you made it, sign in first and open the \
             link again. If somebody else may have used your address, press the button: the \
             account becomes yours, its password and everything else that opens it ends, and you \
             set a new password.",
            "Yes, it is mine",
        ),
        Leads::Change => (
            "Change your address?",
            "This address takes the place of the one your account has now.",
            "Yes, change it",
        ),
    }
}

/// What the page says afterwards.
const fn outcome(leads: Leads) -> &'static str {
    match leads {
        Leads::Proof => "Your address is proven.",
        Leads::Takeover => {
            "Your address is proven, and what was set up before to open the account has ended. Set \
             a new password before you sign in: ask for it as for a forgotten one."
        }
        Leads::Change => "Your account has the new address.",
    }
}

/// The same by the button of that page, or as JSON.
#[utoipa::path(
    post,
    path = "/v1/auth/verify-email",
    tag = "auth",
    security((), ("bearer" = []), ("session" = [])),
    request_body = VerifyEmail,
    responses(
        (status = 200, body = Verified, description = "The address is proven."),
        (status = 303, description = "To the `callbackURL`, after the page's button."),
        Problems
    )
)]
async fn confirm_email(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    form: Form<VerifyEmail>,
) -> AuthAnswer<Response> {
    verified(&house, &caller, &device, &form.sent, form.by_page).await
}

async fn verified(
    house: &IdentityApp,
    caller: &kernel::Caller,
    device: &Device,
    sent: &VerifyEmail,
    by_page: bool,
) -> AuthAnswer<Response> {
    house.check_callback(sent.callback_url.as_deref()).map_err(translate)?;
    let landing = Landing { callback: sent.callback_url.as_deref(), by_page };
    match verification::verify(house, caller, device, &sent.token).await {
        Ok((user, leads)) => Ok(landing.done("Thank you", outcome(leads), || {
            Reply(Verified { status: true, user }).into_response()
        })?),
        Err(error) => landing.failed(translate(error)),
    }
}

/// Sends a letter to a new address; its link makes the change, for whoever is signed in to the account.
///
/// The answer is the same when somebody has that address. Failures are 400 `INVALID_EMAIL`,
/// `EMAIL_IS_THE_SAME`, 401 `UNAUTHORIZED`, 403 `SESSION_NOT_FRESH`, `INVALID_CALLBACK_URL` and
/// 429 `RATE_LIMITED`.
#[utoipa::path(
    post,
    path = "/v1/auth/change-email",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = ChangeEmail,
    responses(
        (status = 200, body = Status, description = "A letter is on its way.",
         example = json!({ "status": true })),
        Problems
    )
)]
async fn change_email(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    AuthForm(form): AuthForm<ChangeEmail>,
) -> AuthAnswer<Reply<Status>> {
    email_change::ask(&house, &caller, &device, &form.new_email, form.callback_url)
        .await
        .map_err(translate)?;
    Ok(Reply(Status::DONE))
}

/// The page behind the link that undoes a change of address; it changes nothing by itself.
#[utoipa::path(
    get,
    path = "/v1/auth/revert-email",
    tag = "auth",
    security(()),
    params(RevertEmail),
    responses((status = 200, content_type = "text/html", description = "The page."), Problems)
)]
async fn revert_email_page(AuthParams(query): AuthParams<RevertEmail>) -> AuthAnswer<Response> {
    Ok(page::confirm(
        "Take your account back?",
        "Your old address takes its place again, and everybody who is signed in is signed out.",
        "Yes, undo the change",
        "/v1/auth/revert-email",
        &[("token", &query.token)],
    ))
}

/// Undoes a change of address by the token of the letter to the old one.
///
/// Every session ends; the password, the backup codes, and what else was set up to sign in with since
/// the session began that asked for the change are gone. 401 `INVALID_TOKEN` when the link is unknown,
/// used or too old; 429 `RATE_LIMITED`.
#[utoipa::path(
    post,
    path = "/v1/auth/revert-email",
    tag = "auth",
    security(()),
    request_body = RevertEmail,
    responses(
        (status = 200, body = Status, description = "The old address is back.",
         example = json!({ "status": true })),
        Problems
    )
)]
async fn revert_email(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    form: Form<RevertEmail>,
) -> AuthAnswer<Response> {
    let landing = Landing { callback: None, by_page: form.by_page };
    match email_change::revert(&house, &caller, &device, &form.sent.token).await {
        Ok(()) => Ok(landing.done(
            "Welcome back",
            "Your old address is back and everybody is signed out. Set a new password before you \
             sign in again, and your second factor after that.",
            || (StatusCode::OK, Reply(Status::DONE)).into_response(),
        )?),
        Err(error) => landing.failed(translate(error)),
    }
}
