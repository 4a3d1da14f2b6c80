//! The wires of the mailbox.

use axum::extract::State;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use kernel::Mail;
use kernel::mail::{Mailbox, Received};
use types::Error;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Problems, Reply};

use crate::IdentityApp;

pub(crate) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new().routes(routes!(list_dev_mailbox, empty_dev_mailbox))
}

/// The mailbox, where there is one: not in production, and not for pages that had another name
/// lead to this machine.
fn mailbox<'a>(
    house: &'a IdentityApp,
    uri: &Uri,
    headers: &HeaderMap,
) -> Answer<Option<&'a Mailbox>> {
    if !house.parts.development || !is_own_name(house, uri, headers) {
        return Err(Error::not_found().into());
    }
    match &house.mail {
        Mail::Mailbox(mailbox) => Ok(Some(mailbox)),
        Mail::Smtp(_) | Mail::Nowhere => Ok(None),
    }
}

fn is_own_name(house: &IdentityApp, uri: &Uri, headers: &HeaderMap) -> bool {
    // HTTP/2 says it in the address.
    let named = uri.authority().map(|authority| Ok(authority.as_str()));
    let Some(host) = named.or_else(|| headers.get(header::HOST).map(HeaderValue::to_str)) else {
        return true;
    };
    let Ok(host) = host else { return false };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let public = house.parts.public_url.split_once("://").map_or("", |(_, authority)| authority);
    matches!(name, "localhost" | "127.0.0.1" | "[::1]") || host.eq_ignore_ascii_case(public)
}

/// Letters that would have been sent, oldest first; in development only.
#[utoipa::path(
    get,
    path = "/v1/dev/mailbox",
    tag = "development",
    security(()),
    responses(
        (status = 200, body = Vec<Received>, description = "At most the last 1,000.",
         example = json!([{
             "kind": "magic_link", "to": "ada@example.com", "subject": "Sign in to Sixfold",
             "url": "http://localhost:8080/v1/auth/magic-link/verify?token=x", "token": "x",
             "code": "", "text": "Hello, …", "html": "<!doctype html>…",
             "at": "2026-01-31T12:00:00.000Z"
         }])),
        Problems
    )
)]
async fn list_dev_mailbox(
    State(house): State<IdentityApp>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer<Reply<Vec<Received>>> {
    let mailbox = mailbox(&house, &uri, &headers)?;
    Ok(Reply(mailbox.map(Mailbox::letters).unwrap_or_default()))
}

/// Empties the mailbox; in development only.
#[utoipa::path(
    delete,
    path = "/v1/dev/mailbox",
    tag = "development",
    security(()),
    responses((status = 204, description = "It is empty."), Problems)
)]
async fn empty_dev_mailbox(
    State(house): State<IdentityApp>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    if let Some(mailbox) = mailbox(&house, &uri, &headers)? {
        mailbox.clear();
    }
    Ok(StatusCode::NO_CONTENT)
}
