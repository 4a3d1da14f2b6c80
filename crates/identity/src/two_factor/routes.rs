//! The wires of second factors.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{AuthAnswer, By, Problems, Reply};

use super::model::{
    BackupCodes, EnableTwoFactor, EnabledTwoFactor, Factor, OwnPassword, SecondFactorShown,
    SendOtp, Shown, Status, TotpUri, VerifyBackupCode, VerifyCode,
};
use super::settle::Settled;
use super::{rules, verify};
use crate::IdentityApp;
use crate::cookies::Cookie;
use crate::entry;
use crate::sessions::{Device, Surface};
use crate::wire::{AuthForm, AuthOptionalForm, translate};

pub(super) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(enable_two_factor))
        .routes(routes!(disable_two_factor))
        .routes(routes!(get_totp_uri))
        .routes(routes!(generate_backup_codes))
        .routes(routes!(verify_totp))
        .routes(routes!(send_otp))
        .routes(routes!(verify_otp))
        .routes(routes!(verify_backup_code))
}

/// Sets up a second factor; it counts once `verify-totp` saw the app's first code.
///
/// Calling it again before that gives another seed and other backup codes. As long as nobody has
/// verified the address, whoever owns the mailbox may still take the account over, and this goes
/// then: verify the address first. Failures are 400
/// `INVALID_PASSWORD`, `TOTP_ALREADY_ENABLED`, 403 `SESSION_NOT_FRESH` (an account without a
/// password), `EMAIL_NOT_VERIFIED` (for `otp`) and 429 after too many wrong passwords.
#[utoipa::path(
    post,
    path = "/v1/auth/two-factor/enable",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = EnableTwoFactor,
    responses(
        (status = 200, body = EnabledTwoFactor, description = "What the app needs; keep the codes."),
        Problems
    )
)]
async fn enable_two_factor(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    AuthForm(form): AuthForm<EnableTwoFactor>,
) -> AuthAnswer<Reply<EnabledTwoFactor>> {
    Ok(Reply(rules::enable(&house, &caller, &device, form).await.map_err(translate)?))
}

/// Turns the second factor off: its app, backup codes and trusted devices are forgotten.
///
/// Failures are 400 `INVALID_PASSWORD`, 403 `SESSION_NOT_FRESH` (an account without a password)
/// and 429 after too many wrong passwords.
#[utoipa::path(
    post,
    path = "/v1/auth/two-factor/disable",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = OwnPassword,
    responses((status = 200, body = Status, description = "A password is enough again."), Problems)
)]
async fn disable_two_factor(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    AuthOptionalForm(form): AuthOptionalForm<OwnPassword>,
) -> AuthAnswer<Response> {
    rules::disable(&house, &caller, &device, form.password.as_ref()).await.map_err(translate)?;
    let cookie = Cookie::TrustedDevice.clear(house.parts.secure)?;
    Ok(([(header::SET_COOKIE, cookie)], Reply(Status { status: true })).into_response())
}

/// What an authenticator app needs, again: for a second app.
///
/// Failures are those of `disable`, and 400 `TOTP_NOT_ENABLED`.
#[utoipa::path(
    post,
    path = "/v1/auth/two-factor/get-totp-uri",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = OwnPassword,
    responses((status = 200, body = TotpUri, description = "The seed, as an address."), Problems)
)]
async fn get_totp_uri(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    AuthOptionalForm(form): AuthOptionalForm<OwnPassword>,
) -> AuthAnswer<Reply<TotpUri>> {
    let totp_uri = rules::totp_uri(&house, &caller, &device, form.password.as_ref())
        .await
        .map_err(translate)?;
    Ok(Reply(TotpUri { totp_uri }))
}

/// Ten new backup codes; the old ones are good for nothing then.
///
/// Failures are those of `disable`, and 400 `TWO_FACTOR_NOT_ENABLED`.
#[utoipa::path(
    post,
    path = "/v1/auth/two-factor/generate-backup-codes",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = OwnPassword,
    responses((status = 200, body = BackupCodes, description = "The codes; keep them."), Problems)
)]
async fn generate_backup_codes(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    AuthOptionalForm(form): AuthOptionalForm<OwnPassword>,
) -> AuthAnswer<Reply<BackupCodes>> {
    let password = form.password.as_ref();
    let backup_codes =
        rules::new_backup_codes(&house, &caller, &device, password).await.map_err(translate)?;
    Ok(Reply(BackupCodes { status: true, backup_codes }))
}

/// Shows the code of an authenticator app: to finish signing in, or to confirm a new app.
///
/// Whoever is signed in gets a new token for the session; the old one ends. A code counts once.
/// Failures are 401 `INVALID_CODE`, `INVALID_TWO_FACTOR_COOKIE`, 400 `TOTP_NOT_ENABLED`, 403
/// `BANNED_USER` and, after too many wrong codes of any kind, 429 `ACCOUNT_TEMPORARILY_LOCKED`
/// even for the right one.
#[utoipa::path(
    post,
    path = "/v1/auth/two-factor/verify-totp",
    tag = "auth",
    security((), ("bearer" = []), ("session" = [])),
    request_body = VerifyCode,
    responses((status = 200, body = SecondFactorShown, description = "Signed in."), Problems)
)]
async fn verify_totp(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    headers: HeaderMap,
    AuthForm(form): AuthForm<VerifyCode>,
) -> AuthAnswer<Response> {
    let trust_device = form.trust_device.unwrap_or(false);
    let shown = Shown { factor: Factor::Totp, code: form.code, trust_device, no_session: false };
    let cookie = Cookie::SecondFactor.read(&headers, house.parts.secure);
    let settled = verify::verify(&house, &caller, cookie, shown, Surface::Opaque, device).await;
    answer(&house, settled.map_err(translate)?)
}

/// Mails a code to finish signing in with.
///
/// Asking again makes the last one worthless. Failures are 401 `INVALID_TWO_FACTOR_COOKIE`, 400
/// `OTP_NOT_ENABLED` and 429 after too many letters.
#[utoipa::path(
    post,
    path = "/v1/auth/two-factor/send-otp",
    tag = "auth",
    security((), ("bearer" = []), ("session" = [])),
    request_body = SendOtp,
    responses((status = 200, body = Status, description = "It is on its way."), Problems)
)]
async fn send_otp(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    headers: HeaderMap,
    AuthOptionalForm(SendOtp { .. }): AuthOptionalForm<SendOtp>,
) -> AuthAnswer<Reply<Status>> {
    let cookie = Cookie::SecondFactor.read(&headers, house.parts.secure);
    verify::send(&house, &caller, cookie, &device).await.map_err(translate)?;
    Ok(Reply(Status { status: true }))
}

/// Shows a mailed code to finish signing in.
///
/// Failures are those of `verify-totp`, and 400 `OTP_HAS_EXPIRED`, `OTP_NOT_ENABLED`.
#[utoipa::path(
    post,
    path = "/v1/auth/two-factor/verify-otp",
    tag = "auth",
    security((), ("bearer" = []), ("session" = [])),
    request_body = VerifyCode,
    responses((status = 200, body = SecondFactorShown, description = "Signed in."), Problems)
)]
async fn verify_otp(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    headers: HeaderMap,
    AuthForm(form): AuthForm<VerifyCode>,
) -> AuthAnswer<Response> {
    let trust_device = form.trust_device.unwrap_or(false);
    let shown =
        Shown { factor: Factor::EmailCode, code: form.code, trust_device, no_session: false };
    let cookie = Cookie::SecondFactor.read(&headers, house.parts.secure);
    let settled = verify::verify(&house, &caller, cookie, shown, Surface::Opaque, device).await;
    answer(&house, settled.map_err(translate)?)
}

/// Uses up a backup code to finish signing in.
///
/// Failures are those of `verify-totp` with 401 `INVALID_BACKUP_CODE`, and 400
/// `BACKUP_CODES_NOT_ENABLED`.
#[utoipa::path(
    post,
    path = "/v1/auth/two-factor/verify-backup-code",
    tag = "auth",
    security((), ("bearer" = []), ("session" = [])),
    request_body = VerifyBackupCode,
    responses((status = 200, body = SecondFactorShown, description = "Signed in."), Problems)
)]
async fn verify_backup_code(
    State(house): State<IdentityApp>,
    By(caller): By,
    device: Device,
    headers: HeaderMap,
    AuthForm(form): AuthForm<VerifyBackupCode>,
) -> AuthAnswer<Response> {
    let shown = Shown {
        factor: Factor::BackupCode,
        code: form.code,
        trust_device: form.trust_device.unwrap_or(false),
        no_session: form.disable_session.unwrap_or(false),
    };
    let cookie = Cookie::SecondFactor.read(&headers, house.parts.secure);
    let settled = verify::verify(&house, &caller, cookie, shown, Surface::Opaque, device).await;
    answer(&house, settled.map_err(translate)?)
}

/// The cookies that changed, and who it is.
fn answer(house: &IdentityApp, settled: Settled) -> AuthAnswer<Response> {
    let secure = house.parts.secure;
    let token = settled.token.as_ref().map(|next| next.text.reveal().clone());
    let body = SecondFactorShown { token, user: settled.account };
    let mut response = entry::renewed(house, settled.token.as_ref(), &body)?;
    let headers = response.headers_mut();
    if settled.arrived {
        headers.append(header::SET_COOKIE, Cookie::SecondFactor.clear(secure)?);
    }
    if let Some(token) = &settled.trusted {
        headers.append(header::SET_COOKIE, entry::trusted_cookie(house, token)?);
    }
    Ok(response)
}
