//! What a client is told at the door.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, header};
use serde::Serialize;
use types::{Result, Secret};
use web::Reply;

use super::rules::{Entered, Entry, Pending};
use crate::IdentityApp;
use crate::cookies::Cookie;
use crate::sessions::NextToken;

const SET_AUTH_TOKEN: HeaderName = HeaderName::from_static("set-auth-token");
const SECONDS_PER_DAY: u64 = 86_400;

/// The first factor was right, the second is awaited.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecondFactorWanted {
    /// Always true.
    two_factor_redirect: bool,
    /// What will do.
    two_factor_methods: Vec<&'static str>,
}

/// What came of knocking, with `body` for who is in.
///
/// # Errors
/// Never with tokens of ours.
pub(crate) fn entered<T: Serialize>(
    house: &IdentityApp,
    entry: Entry,
    body: impl FnOnce(Entered) -> T,
) -> Result<Response> {
    match entry {
        Entry::In(entered) => {
            let (token, remember) = (entered.token.clone(), entered.remember);
            let trusted = entered.trusted.as_ref().map(|token| trusted_cookie(house, token));
            let trusted = trusted.transpose()?;
            let mut response = signed_in(house, &token, remember, &body(*entered))?;
            if let Some(cookie) = trusted {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            Ok(response)
        }
        Entry::SecondFactor(pending) => second_factor_wanted(house, &pending),
    }
}

/// An answer that signs a browser in, and gives the token to whoever is none.
///
/// # Errors
/// Never with a token of ours.
pub(crate) fn signed_in(
    house: &IdentityApp,
    token: &Secret<String>,
    remember: bool,
    body: &impl Serialize,
) -> Result<Response> {
    let mut response = Reply(body).into_response();
    let headers = response.headers_mut();
    headers.append(header::SET_COOKIE, session_cookie(house, token, remember)?);
    headers.insert(SET_AUTH_TOKEN, bearer(token)?);
    Ok(response)
}

/// An answer to whoever proved again who they are, with the session's next token. The access token
/// of a pair comes without a cookie; one that has ended has none.
///
/// # Errors
/// Never with a token of ours.
pub(crate) fn renewed(
    house: &IdentityApp,
    next: Option<&NextToken>,
    body: &impl Serialize,
) -> Result<Response> {
    let Some(next) = next else { return Ok(Reply(body).into_response()) };
    if let Some(remember) = next.remember {
        return signed_in(house, &next.text, remember, body);
    }
    let mut response = Reply(body).into_response();
    response.headers_mut().insert(SET_AUTH_TOKEN, bearer(&next.text)?);
    Ok(response)
}

fn bearer(token: &Secret<String>) -> Result<HeaderValue> {
    let mut value = HeaderValue::try_from(token.reveal().as_str())?;
    value.set_sensitive(true);
    Ok(value)
}

/// The cookie of a session.
///
/// # Errors
/// Never with a token of ours.
pub(crate) fn session_cookie(
    house: &IdentityApp,
    token: &Secret<String>,
    remember: bool,
) -> Result<HeaderValue> {
    let days = u64::from(house.parts.settings.session_days);
    Cookie::Session.set(house.parts.secure, token, remember.then_some(days * SECONDS_PER_DAY))
}

/// Every cookie of somebody who came in — the session, and the next token of a trusted device — or
/// what names the awaited second factor. For answers that [`entered`] does not make: redirects.
///
/// # Errors
/// Never with tokens of ours.
pub(crate) fn cookies(house: &IdentityApp, entry: &Entry) -> Result<Vec<HeaderValue>> {
    let entered = match entry {
        Entry::SecondFactor(pending) => return Ok(vec![pending_cookie(house, pending)?]),
        Entry::In(entered) => entered,
    };
    let mut cookies = vec![session_cookie(house, &entered.token, entered.remember)?];
    if let Some(token) = &entered.trusted {
        cookies.push(trusted_cookie(house, token)?);
    }
    Ok(cookies)
}

fn pending_cookie(house: &IdentityApp, pending: &Pending) -> Result<HeaderValue> {
    let seconds = u64::from(house.parts.settings.two_factor_minutes) * 60;
    Cookie::SecondFactor.set(house.parts.secure, &pending.token, Some(seconds))
}

/// The cookie of a trusted device.
///
/// # Errors
/// Never with a token of ours.
pub(crate) fn trusted_cookie(house: &IdentityApp, token: &Secret<String>) -> Result<HeaderValue> {
    let seconds = u64::from(house.parts.settings.trusted_device_days) * SECONDS_PER_DAY;
    Cookie::TrustedDevice.set(house.parts.secure, token, Some(seconds))
}

/// An answer that asks for the second factor; a cookie names what is awaited.
///
/// # Errors
/// Never with a token of ours.
fn second_factor_wanted(house: &IdentityApp, pending: &Pending) -> Result<Response> {
    let body = SecondFactorWanted {
        two_factor_redirect: true,
        two_factor_methods: pending.methods.clone(),
    };
    let cookie = pending_cookie(house, pending)?;
    Ok(([(header::SET_COOKIE, cookie)], Reply(body)).into_response())
}
