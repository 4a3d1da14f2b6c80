//! The few small web pages of this room: what a link in a mail opens.
//!
//! Mail scanners open every link, so opening one changes nothing; a person presses the button,
//! and that is a POST. The pages have no script and load nothing.

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use types::{Error, ErrorKind};
use url::form_urlencoded;
use web::AuthFailure;

use crate::wire::{AuthForm, translate};

const STYLE: &str = "body{margin:0;display:grid;place-items:center;min-height:100vh;\
    font:1rem/1.5 system-ui,sans-serif;color:#1b1b1f;background:#f4f4f7}\
    main{max-width:26rem;margin:1rem;padding:2rem;background:#fff;border-radius:.75rem}\
    h1{margin:0 0 .5rem;font-size:1.375rem}\
    input{box-sizing:border-box;width:100%;margin:.25rem 0 1rem;padding:.625rem;font:inherit}\
    button{padding:.625rem 1.25rem;border:0;border-radius:.5rem;background:#3346d3;color:#fff;\
    font:inherit;cursor:pointer}";

const FORM: &str = "application/x-www-form-urlencoded";

/// Whether a program asks, which is to get what it asked for at once: `Accept` names JSON and no page,
/// or the browser says that a script fetches. Navigating browsers and scanners of mail do not say so.
pub(crate) fn wants_json(headers: &HeaderMap) -> bool {
    let says = |name: &str, word: &str| {
        headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).any(|value| {
            value.split(',').any(|part| {
                part.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(word)
            })
        })
    };
    let data = says("accept", "application/json") && !says("accept", "text/html");
    data || says("sec-fetch-mode", "cors")
}

/// Whether a program fetches by GET, so that a token may be taken; HEAD never takes one.
pub(crate) fn is_fetched(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::GET && wants_json(headers)
}

/// A page with one button that posts `hidden` to `action_path` of this server. An address among
/// them must have been checked: the answer to the form may lead there.
pub(crate) fn confirm(
    title: &str,
    sentence: &str,
    button: &str,
    action_path: &str,
    hidden: &[(&str, &str)],
) -> Response {
    form(title, sentence, "", button, action_path, hidden)
}

/// The same with a field for a new password, `newPassword`.
pub(crate) fn new_password(
    title: &str,
    sentence: &str,
    button: &str,
    action_path: &str,
    hidden: &[(&str, &str)],
) -> Response {
    let field = "<label>New password<input type=\"password\" name=\"newPassword\" required \
                 autocomplete=\"new-password\"></label>";
    form(title, sentence, field, button, action_path, hidden)
}

/// A page that only says something.
pub(crate) fn message(title: &str, sentence: &str, status: StatusCode) -> Response {
    page(title, sentence, "", status)
}

fn form(
    title: &str,
    sentence: &str,
    fields: &str,
    button: &str,
    action_path: &str,
    hidden: &[(&str, &str)],
) -> Response {
    let inputs: String = hidden
        .iter()
        .map(|(name, value)| {
            format!(
                "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
                escaped(name),
                escaped(value)
            )
        })
        .collect();
    let form = format!(
        "<form method=\"post\" action=\"{}\">{inputs}{fields}<button>{}</button></form>",
        escaped(action_path),
        escaped(button)
    );
    page(title, sentence, &form, StatusCode::OK)
}

/// There is no `form-action`: browsers hold every redirect that follows a form to it, also those of
/// the app one is sent to, and would stop on the way with the link spent. The one form here is ours.
fn page(title: &str, sentence: &str, form: &str, status: StatusCode) -> Response {
    let (title, sentence) = (escaped(title), escaped(sentence));
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"robots\" \
         content=\"noindex\"><title>{title}</title><style>{STYLE}</style></head><body><main>\
         <h1>{title}</h1><p>{sentence}</p>{form}</main></body></html>"
    );
    let style = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; frame-ancestors 'none'"
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Nothing for other sites. With `no-referrer` browsers would send the form with
    // `Origin: null`, which cookie sessions refuse.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// Text as it may stand in an element or in a quoted attribute.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// What such a form posts; programs may send the same as JSON. `T` has fields of text only and
/// denies unknown ones.
pub(crate) struct Form<T> {
    /// What was sent.
    pub(crate) sent: T,
    /// By a form of ours, so the answer is a page.
    pub(crate) by_page: bool,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = AuthFailure;

    async fn from_request(request: Request, state: &S) -> Result<Self, AuthFailure> {
        let kind = request.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        let essence = kind.and_then(|kind| kind.split(|byte| *byte == b';').next());
        if !essence.is_some_and(|kind| kind.trim_ascii().eq_ignore_ascii_case(FORM.as_bytes())) {
            let AuthForm(sent) = AuthForm::from_request(request, state).await?;
            return Ok(Self { sent, by_page: false });
        }
        let body = web::read_body(request).await.map_err(translate)?;
        let mut fields = serde_json::Map::new();
        for (name, value) in form_urlencoded::parse(&body) {
            if value.contains('\0') || fields.contains_key(name.as_ref()) {
                return Err(unreadable());
            }
            fields.insert(name.into_owned(), value.into_owned().into());
        }
        let sent = serde_json::from_value(fields.into()).map_err(|_| unreadable())?;
        Ok(Self { sent, by_page: true })
    }
}

fn unreadable() -> AuthFailure {
    AuthFailure::from(Error::new(
        ErrorKind::Malformed,
        "validation_error",
        "This form has a field that is missing, unknown, repeated or unreadable.",
    ))
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
