//! The API's own description: the OpenAPI document, and a page to read it that needs no network.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};
use types::Error;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use crate::problem::{Answer, Failure};

/// The page loads its own files and asks its own server. React sets styles in attributes, and the
/// style sheet carries its pictures inside; scripts are files only.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

/// `GET /openapi.json`, written once, and the page at `/docs`.
///
/// # Errors
/// When the document cannot be written as JSON.
pub fn openapi_routes<S: Clone + Send + Sync + 'static>(
    openapi: &OpenApi,
) -> types::Result<Router<S>> {
    let bytes = Bytes::from(serde_json::to_vec(openapi)?);
    let tag = tag_of(&bytes)?;
    let config = Arc::new(
        // The validator badge would fetch a picture from another host.
        Config::from("/openapi.json").validator_url("none").query_config_enabled(false),
    );
    let file = move |path: Option<Path<String>>| {
        let config = Arc::clone(&config);
        async move { page_file(path.as_ref().map_or("", |path| path.as_str()), config) }
    };
    Ok(Router::new()
        .route(
            "/openapi.json",
            get(move |headers: HeaderMap| async move { document(&headers, bytes, tag) }),
        )
        // The page's files are relative to it, so it lives behind the slash.
        .route("/docs", get(|| async { redirect("docs/") }))
        .route("/docs/", get(file.clone()))
        .route("/docs/{*file}", get(file)))
}

fn tag_of(bytes: &[u8]) -> types::Result<HeaderValue> {
    let mut tag = String::from("\"");
    for byte in &Sha256::digest(bytes)[..16] {
        write!(tag, "{byte:02x}")?;
    }
    tag.push('"');
    Ok(HeaderValue::try_from(tag)?)
}

fn document(asked: &HeaderMap, bytes: Bytes, tag: HeaderValue) -> Response {
    let known = asked.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag);
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let json = HeaderValue::from_static("application/json");
        ([(header::CONTENT_TYPE, json)], Body::from(bytes)).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

fn page_file(path: &str, config: Arc<Config<'static>>) -> Answer<Response> {
    let found = utoipa_swagger_ui::serve(path, config)
        .map_err(|error| Failure::from(Error::internal(error.to_string())))?;
    let Some(file) = found else {
        return Err(Failure::from(Error::not_found()));
    };
    let cache = match path {
        // What names the other files is asked for each time.
        "" | "index.html" | "swagger-initializer.js" => HeaderValue::from_static("no-cache"),
        _ => HeaderValue::from_static("public, max-age=86400"),
    };
    // A copy for each who asks would be a megabyte and a half for everybody, held by who does not read.
    let bytes = match file.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::try_from(file.content_type)?);
    headers.insert(header::CACHE_CONTROL, cache);
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    if file.gzpipped {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

fn redirect(to: &'static str) -> Response {
    let headers = [(header::LOCATION, HeaderValue::from_static(to))];
    (StatusCode::PERMANENT_REDIRECT, headers).into_response()
}

#[cfg(test)]
#[path = "docs_tests.rs"]
mod tests;
