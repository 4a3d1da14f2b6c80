//! The page behind the link of a letter: mail scanners open every link, so opening it changes
//! nothing, and a person presses the button. It has no script and loads nothing.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};

/// Asks whether there are to be no more letters. The token was opened, so it holds no sign of HTML.
pub(super) fn ask(token: &str) -> Response {
    let form = format!(
        "<p>Letters with what is new for you will not come any more. In the app you find \
         everything as before.</p><form method=\"post\" \
         action=\"/v1/notifications/unsubscribe?token={token}\">\
         <button>No more letters</button></form>"
    );
    page("No more letters?", &form)
}

/// Says that it is done.
pub(super) fn done() -> Response {
    page("Done", "<p>No more of these letters will come. The app can turn them on again.</p>")
}

fn page(title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title></head>\
         <body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    let policy = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // The address holds the token.
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    ];
    (StatusCode::OK, headers, html).into_response()
}
