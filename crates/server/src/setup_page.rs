//! The page behind the link the first start prints: makes the first platform owner by
//! `POST /v1/setup`. Static files without state; the token stays in the fragment of the address,
//! which browsers send to nobody.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, header};

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

pub(crate) fn routes() -> Router {
    let (page, script, style) = (
        HeaderValue::from_static("text/html; charset=utf-8"),
        HeaderValue::from_static("text/javascript"),
        HeaderValue::from_static("text/css"),
    );
    Router::new()
        .route("/setup", get(|| async { file(page, include_str!("setup_page/page.html")) }))
        .route("/setup/page.js", get(|| async { file(script, include_str!("setup_page/page.js")) }))
        .route(
            "/setup/page.css",
            get(|| async { file(style, include_str!("setup_page/page.css")) }),
        )
}

fn file(kind: HeaderValue, text: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (headers, text).into_response()
}
