//! The page behind a mailed link: one button, no script, nothing from elsewhere.

use std::sync::LazyLock;

use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, StatusCode, header};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use sha2::{Digest as _, Sha256};
use types::{ErrorKind, Result};

use super::model::Urls;
use crate::IdentityApp;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");

/// The page has one style sheet and names it by its hash.
static STYLE_HASH: LazyLock<String> =
    LazyLock::new(|| format!("sha256-{}", STANDARD.encode(Sha256::digest(STYLE.as_bytes()))));

static PAGES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut pages = Environment::new();
    pages.set_undefined_behavior(UndefinedBehavior::Strict);
    pages.set_auto_escape_callback(|_| AutoEscape::Html);
    // The tests look at it; a broken one is missing where it is asked for.
    let _ = pages.add_template("page", PAGE);
    pages
});

/// Asks whether to sign in; the button posts what the link carried.
pub(super) fn confirm(token: &str, urls: &Urls) -> Result<Response> {
    let fields = std::iter::once(("token", token)).chain(urls.named());
    let fields: Vec<Value> =
        fields.map(|(name, value)| context! { name => name, value => value }).collect();
    show(StatusCode::OK, context! { fields => fields })
}

/// Says that the link is of no use.
pub(super) fn not_good(house: &IdentityApp, why: ErrorKind) -> Result<Response> {
    let status = StatusCode::from_u16(why.status())?;
    show(status, context! { app_url => house.app_url() })
}

fn show(status: StatusCode, about: Value) -> Result<Response> {
    let good = status == StatusCode::OK;
    let style = Value::from_safe_string(STYLE.to_owned());
    let closed = status == StatusCode::FORBIDDEN;
    let frame = context! { style => style, good => good, closed => closed };
    let html = PAGES.get_template("page")?.render(context! { ..frame, ..about })?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, policy()?),
        // With `no-referrer` browsers would post the form as coming from nowhere.
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    ];
    Ok((status, headers, html).into_response())
}

/// There is no `form-action`: browsers hold every redirect that follows a form to it, also those of
/// the app one is sent to, and would stop on the way with the link spent. The one form here is ours.
fn policy() -> Result<HeaderValue> {
    Ok(HeaderValue::try_from(format!(
        "default-src 'none'; style-src '{}'; base-uri 'none'; frame-ancestors 'none'",
        *STYLE_HASH
    ))?)
}
