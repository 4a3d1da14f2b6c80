//! Which web pages may talk to us: CORS for browsers that ask, and the origin check that keeps
//! other sites from using a visitor's cookie.

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use types::{Error, ErrorKind, Result};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

const ALLOW_METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
const ALLOW_HEADERS: HeaderValue = HeaderValue::from_static(
    "content-type, authorization, x-api-key, if-match, idempotency-key, x-request-id, \
     upload-offset, last-event-id",
);
const EXPOSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "set-auth-token, etag, link, location, content-disposition, x-request-id, retry-after, x-retry-after, ratelimit, \
     ratelimit-policy, ratelimit-limit, ratelimit-remaining, ratelimit-reset, \
     idempotent-replayed",
);
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// The origins whose pages may call with a visitor's credentials.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    exact: Vec<Box<str>>,
    localhost: bool,
    /// The server's own pages come by https: those of the same host that do not are somebody else's.
    https: bool,
}

impl Origins {
    /// Exactly these; `development` adds every port of this machine's loopback names.
    #[must_use]
    pub fn new(exact: &[String], development: bool) -> Self {
        let exact = exact.iter().filter(|origin| is_origin(origin)).map(|o| o.as_str().into());
        Self { exact: exact.collect(), localhost: development, https: false }
    }

    /// Adds one, e.g. the server's own public URL; a path is cut off.
    #[must_use]
    pub fn with(mut self, url: &str) -> Self {
        if let Some((scheme, rest)) = url.split_once("://") {
            let authority = rest.split('/').next().unwrap_or_default();
            let origin = format!("{scheme}://{authority}").to_ascii_lowercase();
            if is_origin(&origin) {
                self.https |= scheme == "https";
                self.exact.push(origin.into());
            }
        }
        self
    }

    /// Whether pages of this origin may call.
    #[must_use]
    pub fn allows(&self, origin: &[u8]) -> bool {
        self.exact.iter().any(|exact| exact.as_bytes() == origin)
            || (self.localhost && is_localhost(origin))
    }

    pub(crate) fn any(&self) -> bool {
        self.localhost || !self.exact.is_empty()
    }
}

/// `scheme://host[:port]` as browsers send it: lower case, no path, no wildcard.
#[must_use]
pub fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else { return false };
    let safe =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:[]_+".contains(&byte);
    !scheme.is_empty()
        && !authority.is_empty()
        && scheme.bytes().all(safe)
        && authority.bytes().all(safe)
}

fn is_localhost(origin: &[u8]) -> bool {
    [&b"http://localhost"[..], b"http://127.0.0.1"].iter().any(|base| {
        origin.strip_prefix(*base).is_some_and(|rest| match rest {
            [] => true,
            [b':', port @ ..] => {
                (1..=5).contains(&port.len()) && port.iter().all(u8::is_ascii_digit)
            }
            _ => false,
        })
    })
}

/// Whether this is a browser's question before the real request.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// What a preflight of an allowed origin is told, besides [`grant`].
pub(crate) fn grant_preflight(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, ALLOW_METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOW_HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
}

/// Lets the page read the answer.
pub(crate) fn grant(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSE_HEADERS);
}

/// Guards a request that is signed in by cookie: an unsafe method must come from a page of our
/// own host or of an allowed origin. Requests with a token in a header need no such check, since
/// no other site can make a browser add it.
///
/// # Errors
/// 403 `missing_or_null_origin` or `invalid_origin`.
pub fn check_origin(parts: &Parts, allowed: &Origins) -> Result<()> {
    if parts.method.is_safe() {
        return Ok(());
    }
    let origin = match parts.headers.get(header::ORIGIN).map(HeaderValue::as_bytes) {
        None | Some(b"" | b"null") => {
            return Err(Error::new(
                ErrorKind::Forbidden,
                "missing_or_null_origin",
                "A request signed in by cookie needs an `Origin` header; send a token in \
                 `Authorization` instead if this is not a web page.",
            ));
        }
        Some(origin) => origin,
    };
    if allowed.allows(origin) {
        return Ok(());
    }
    // A browser that says the page is another site's is believed, whatever `Host` claims.
    let cross_site = parts
        .headers
        .get(SEC_FETCH_SITE)
        .is_some_and(|site| site.as_bytes().eq_ignore_ascii_case(b"cross-site"));
    if !cross_site && is_own_host(origin, parts, allowed.https) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Forbidden,
        "invalid_origin",
        "Pages of this origin may not use your session; an operator can allow it in \
         `cors_origins`.",
    ))
}

fn is_own_host(origin: &[u8], parts: &Parts, https: bool) -> bool {
    let host = match parts.headers.get(header::HOST) {
        Some(host) => host.as_bytes(),
        None => match parts.uri.authority() {
            Some(authority) => authority.as_str().as_bytes(),
            None => return false,
        },
    };
    let schemes: &[&[u8]] = if https { &[b"https://"] } else { &[b"https://", b"http://"] };
    schemes
        .iter()
        .any(|scheme| origin.strip_prefix(*scheme).is_some_and(|o| o.eq_ignore_ascii_case(host)))
}

#[cfg(test)]
#[path = "origin_tests.rs"]
mod tests;
