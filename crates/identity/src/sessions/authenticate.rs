//! The middleware in front of every route: from what a request carries to who calls.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, header};
use kernel::rates::Verdict;
use kernel::{Again, Caller, Found, Identity};
use types::{Error, ErrorKind, Result};
use web::{Failure, RequestId};

use super::budget;
use super::lookup::{identify, identify_again};
use crate::cookies::Cookie;
use crate::token::{SESSION, sha256};
use crate::{IdentityApp, api_keys, signing_keys};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// How strictly credentials are taken on a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nobody needs to be known: health, documents, setup.
    Public,
    /// Who comes to sign in or out may carry an old credential.
    Door,
    /// Everything else below `/v1/auth`.
    Auth,
    Inside,
}

/// Puts the [`Caller`] into the request's extensions; nobody, where there is no credential.
///
/// A credential in a header that is not valid is refused, so that nobody works as somebody else
/// by accident; a cookie that is not valid counts as none, since browsers send it by themselves.
pub async fn authenticate(
    State(house): State<IdentityApp>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let place = Place::of(parts.uri.path());
    let (identity, mut spent) = match who(&house, &parts, place).await {
        Ok(Some(identity)) => {
            let spent = budget::spend(&house, &identity).await;
            (Ok(Some(identity)), spent)
        }
        other => (other, Verdict::default()),
    };
    let identity = spent.refused.take().map_or(identity, Err);
    let mut response = match identity {
        Ok(identity) => {
            let id = parts.extensions.get::<RequestId>();
            let id = id.map_or_else(|| Arc::from(""), |id| Arc::clone(&id.0));
            let caller = match identity {
                Some(identity) => {
                    let again = again(house, Arc::clone(&identity), &parts.headers);
                    Caller::new(identity, id).known_by(again)
                }
                None => Caller::nobody(id),
            };
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(error) if matches!(place, Place::Door | Place::Auth) => {
            Failure::from(error).auth().into_response()
        }
        Err(error) => Failure::from(error).into_response(),
    };
    budget::tell(response.headers_mut(), &spent);
    response
}

impl Place {
    fn of(path: &str) -> Self {
        let path = path.strip_prefix("/api/").map_or(path, |_| &path["/api".len()..]);
        let path = path.strip_prefix("/v1").unwrap_or(path);
        if let Some(call) = path.strip_prefix("/auth/") {
            return match call {
                "get-session" | "sign-out" | "ok" | "jwks" | "signup" | "signin" | "login"
                | "refresh" | "signout" | "logout" => Self::Door,
                // Whoever comes from a mail, or asks for one, may carry an old credential.
                "session"
                | "request-link"
                | "verify"
                | "magic-link/verify"
                | "request-password-reset"
                | "reset-password"
                | "send-verification-email"
                | "verify-email"
                | "revert-email"
                | "error"
                | "check-password" => Self::Door,
                "two-factor/verify-totp"
                | "two-factor/send-otp"
                | "two-factor/verify-otp"
                | "two-factor/verify-backup-code"
                | "passkey/generate-authenticate-options"
                | "passkey/verify-authentication" => Self::Door,
                _ if call.starts_with("sign-in/")
                    || call.starts_with("sign-up/")
                    || call.starts_with("callback/")
                    || call.starts_with("reset-password/") =>
                {
                    Self::Door
                }
                _ => Self::Auth,
            };
        }
        match path {
            "/health" | "/ready" | "/metrics" | "/openapi.json" | "/docs" | "/setup"
            | "/dev/mailbox" => Self::Public,
            _ if path.starts_with("/docs/") || path.starts_with("/setup/") => Self::Public,
            // What comes in there carries credentials of others' making.
            _ if path.starts_with("/receivers/") && path.ends_with("/in") => Self::Public,
            _ => Self::Inside,
        }
    }
}

/// Who sent these, as in front of every route inside: for connections that outlive their request.
///
/// # Errors
/// 401 for a credential that is not valid; 403 for a page that may not use the cookie.
pub async fn who_sent(house: &IdentityApp, parts: &Parts) -> Result<Option<Arc<Identity>>> {
    who(house, parts, Place::Inside).await
}

async fn who(house: &IdentityApp, parts: &Parts, place: Place) -> Result<Option<Arc<Identity>>> {
    if place == Place::Public {
        return Ok(None);
    }
    signing_keys::refresh(house).await?;
    let mut known: Option<Arc<Identity>> = None;
    let sent = [(bearer(&parts.headers)?, false), (api_key(&parts.headers)?, true)];
    for (sent, by_key) in sent.into_iter().filter_map(|(sent, by_key)| Some((sent?, by_key))) {
        let found = match sent {
            Sent::Credential(text) => identify(house, text).await?,
            Sent::Unreadable => None,
        };
        match (found, &known) {
            (None, _) if place == Place::Door && by_key && asks_who(parts) => {
                return Err(invalid_api_key());
            }
            (None, _) if place == Place::Door => {}
            (None, _) => return Err(invalid_token()),
            (Some(found), Some(known)) if !agree(&found, known) => return Err(ambiguous()),
            (Some(found), _) => known = Some(found),
        }
    }
    let Some(cookie) = Cookie::Session.read(&parts.headers, house.parts.secure) else {
        return Ok(known);
    };
    if !cookie.starts_with(SESSION) {
        return Ok(known);
    }
    match (identify(house, cookie).await?, known) {
        (None, known) => Ok(known),
        (Some(found), None) => {
            // Browsers send cookies along with what other sites make them do.
            web::check_origin(parts, &house.parts.origins)?;
            Ok(Some(found))
        }
        (Some(found), Some(known)) if agree(&found, &known) => Ok(Some(known)),
        (Some(_), Some(_)) => Err(ambiguous()),
    }
}

/// How it is found out who sent these, for as long as the request lasts. Of what they sent only the
/// hash of an API key is kept: the one before its last rotation ends before the key does.
fn again(house: IdentityApp, before: Arc<Identity>, headers: &HeaderMap) -> Again {
    let key = before.key.as_ref().and_then(|_| key_sent(headers)).map(sha256);
    Arc::new(move || -> Found {
        let (house, before) = (house.clone(), Arc::clone(&before));
        Box::pin(async move { identify_again(&house, &before, key).await })
    })
}

/// The API key of a request, in whichever header it is.
fn key_sent(headers: &HeaderMap) -> Option<&str> {
    [bearer(headers), api_key(headers)].into_iter().find_map(|sent| match sent {
        Ok(Some(Sent::Credential(text))) if api_keys::is_meant(text) => Some(text),
        _ => None,
    })
}

enum Sent<'a> {
    Credential(&'a str),
    /// A header that holds no credential of ours.
    Unreadable,
}

/// `Authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Result<Option<Sent<'_>>> {
    let Some(value) = single(headers, &header::AUTHORIZATION)? else { return Ok(None) };
    let credential = value.and_then(|text| text.split_once(' ')).and_then(|(scheme, rest)| {
        let rest = rest.trim();
        (scheme.eq_ignore_ascii_case("bearer") && !rest.is_empty()).then_some(rest)
    });
    Ok(Some(credential.map_or(Sent::Unreadable, Sent::Credential)))
}

/// `X-API-Key: gsk_…`.
fn api_key(headers: &HeaderMap) -> Result<Option<Sent<'_>>> {
    let Some(value) = single(headers, &X_API_KEY)? else { return Ok(None) };
    let key = value.map(str::trim).filter(|text| api_keys::is_meant(text));
    Ok(Some(key.map_or(Sent::Unreadable, Sent::Credential)))
}

/// The one value of a header, as text if it is text.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<Option<&'a str>>> {
    let mut values = headers.get_all(name).iter();
    let Some(first) = values.next() else { return Ok(None) };
    if values.any(|other| other != first) {
        return Err(ambiguous());
    }
    Ok(Some(first.to_str().ok()))
}

/// Two credentials of one request must mean the same person with the same rights.
fn agree(one: &Identity, other: &Identity) -> bool {
    let key = |identity: &Identity| identity.key.as_ref().map(|key| key.id);
    one.person == other.person && key(one) == key(other)
}

fn invalid_token() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "invalid_token",
        "The token or API key is not valid, has expired or was revoked; sign in again or use \
         another key.",
    )
}

/// Whoever asks who they are with a key wants to know that it is no good.
fn asks_who(parts: &Parts) -> bool {
    parts.uri.path().ends_with("/auth/get-session")
}

fn invalid_api_key() -> Error {
    Error::new(
        ErrorKind::Forbidden,
        "invalid_api_key",
        "The API key is not valid, has expired or was revoked; use another key.",
    )
}

fn ambiguous() -> Error {
    Error::new(
        ErrorKind::Malformed,
        "ambiguous_credentials",
        "This request carries credentials of different callers; send one only.",
    )
}

#[cfg(test)]
#[path = "authenticate_tests.rs"]
mod tests;
