//! What a handler gives back when all went well.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, Uri, header};
use serde::Serialize;
use types::{Error, Page};

use crate::etag::etag;
use crate::problem::Failure;

/// 200 with a JSON body.
#[derive(Debug, Clone)]
pub struct Reply<T>(pub T);

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        json(StatusCode::OK, &self.0, 256)
    }
}

/// 201 with where the new object lives, its version, and the object itself.
#[derive(Debug, Clone)]
pub struct Created<T> {
    /// Path of the new object, e.g. `/v1/things/thing_01j…`.
    pub location: String,
    /// Its version, if it has one.
    pub version: Option<u64>,
    /// The object.
    pub body: T,
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let location = match HeaderValue::try_from(self.location) {
            Ok(location) => location,
            Err(error) => return Failure::from(error).into_response(),
        };
        let mut response = json(StatusCode::CREATED, &self.body, 512);
        // A body that could not be written has become a failure, and failures have no version.
        if response.status() == StatusCode::CREATED {
            let headers = response.headers_mut();
            headers.insert(header::LOCATION, location);
            if let Some(version) = self.version {
                headers.insert(header::ETAG, etag(version));
            }
        }
        response
    }
}

/// 200 with a JSON body and its version.
#[derive(Debug, Clone)]
pub struct WithEtag<T> {
    /// The version of the object.
    pub version: u64,
    /// The object.
    pub body: T,
}

impl<T: Serialize> IntoResponse for WithEtag<T> {
    fn into_response(self) -> Response {
        let mut response = json(StatusCode::OK, &self.body, 512);
        if response.status() == StatusCode::OK {
            response.headers_mut().insert(header::ETAG, etag(self.version));
        }
        response
    }
}

/// One page of a list; the address it was asked at gives the `Link` to the next one.
#[derive(Debug, Clone)]
pub struct Listed<T>(pub Page<T>, pub Uri);

impl<T: Serialize> IntoResponse for Listed<T> {
    fn into_response(self) -> Response {
        let Self(page, uri) = self;
        listed(&page, page.data.len(), page.next_cursor.as_deref(), &uri)
    }
}

/// One page of a list that says more than its rows, with the same `Link` to the next one.
#[derive(Debug, Clone)]
pub struct ListedAs<T> {
    /// The body.
    pub page: T,
    /// How many rows it has.
    pub rows: usize,
    /// The cursor it names.
    pub next_cursor: Option<String>,
    /// Where it was asked for.
    pub uri: Uri,
}

impl<T: Serialize> IntoResponse for ListedAs<T> {
    fn into_response(self) -> Response {
        listed(&self.page, self.rows, self.next_cursor.as_deref(), &self.uri)
    }
}

fn listed<T: Serialize>(page: &T, rows: usize, next: Option<&str>, uri: &Uri) -> Response {
    let mut response = json(StatusCode::OK, page, 64 + 512 * rows);
    if let Some(cursor) = next
        && response.status() == StatusCode::OK
        && let Ok(link) = HeaderValue::try_from(next_link(uri.query(), cursor))
    {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}

/// The query alone is a reference relative to the list, under whatever prefix it was asked.
fn next_link(query: Option<&str>, cursor: &str) -> String {
    let mut link = String::with_capacity(64 + query.map_or(0, str::len) + cursor.len());
    link.push_str("<?");
    let pairs = query.unwrap_or_default().split('&');
    let is_cursor = |pair: &str| pair.split('=').next() == Some("cursor");
    for pair in pairs.filter(|pair| !pair.is_empty() && !is_cursor(pair)) {
        for letter in pair.chars() {
            match letter {
                // Nothing may end the reference or the header early.
                '<' | '>' | '"' | '\\' | '^' | '`' | '{' | '|' | '}' => {
                    link.push_str(&format!("%{:02X}", u32::from(letter)));
                }
                _ if letter.is_ascii_graphic() => link.push(letter),
                _ => {
                    let mut bytes = [0; 4];
                    for byte in letter.encode_utf8(&mut bytes).bytes() {
                        link.push_str(&format!("%{byte:02X}"));
                    }
                }
            }
        }
        link.push('&');
    }
    link.push_str("cursor=");
    link.extend(form_urlencoded::byte_serialize(cursor.as_bytes()));
    link.push_str(">; rel=\"next\"");
    link
}

fn json<T: Serialize>(status: StatusCode, value: &T, capacity: usize) -> Response {
    let mut body = Vec::with_capacity(capacity);
    if let Err(error) = serde_json::to_writer(&mut body, value) {
        return Failure::from(Error::internal(error)).into_response();
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
#[path = "answers_tests.rs"]
mod tests;
