//! Versions: `ETag` on the way out, `If-Match` on the way in.

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderValue, header};
use types::{Error, ErrorKind, Result};

use crate::problem::Failure;

/// `"<version>"`, strong: the same version is the same bytes.
#[must_use]
pub fn etag(version: u64) -> HeaderValue {
    let mut text = [b'"'; 22];
    let mut start = 21;
    let mut rest = version;
    loop {
        start -= 1;
        text[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    HeaderValue::from_bytes(&text[start - 1..]).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// `If-Match`: the version a change was made from. Nothing, or `*`, matches whatever exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IfMatch(pub Option<u64>);

impl IfMatch {
    /// Whether the stored version is the one the client has seen.
    ///
    /// # Errors
    /// 412 `version_mismatch`.
    pub fn check(self, version: u64) -> Result<()> {
        match self.0 {
            Some(expected) if expected != version => Err(mismatch()),
            _ => Ok(()),
        }
    }
}

fn mismatch() -> Error {
    Error::new(
        ErrorKind::Precondition,
        "version_mismatch",
        "This has changed since you read it; read it again and repeat your change.",
    )
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let mut sent = parts.headers.get_all(header::IF_MATCH).iter();
        match (sent.next(), sent.next()) {
            (None, _) => Ok(Self(None)),
            (Some(one), None) => Ok(Self(read(one)?)),
            (Some(_), Some(_)) => Err(malformed().into()),
        }
    }
}

fn read(value: &HeaderValue) -> Result<Option<u64>> {
    let text = value.to_str().map_err(|_| malformed())?.trim();
    if text == "*" {
        return Ok(None);
    }
    let (weak, tag) = text.strip_prefix("W/").map_or((false, text), |tag| (true, tag));
    let inner =
        tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).ok_or_else(malformed)?;
    if inner.contains('"') {
        return Err(malformed());
    }
    // A weak tag never matches a strong one (RFC 9110), and no version of ours has another form.
    let digits = !inner.is_empty() && inner.bytes().all(|byte| byte.is_ascii_digit());
    match inner.parse() {
        Ok(version) if digits && !weak => Ok(Some(version)),
        _ => Err(mismatch()),
    }
}

fn malformed() -> Error {
    Error::new(
        ErrorKind::Malformed,
        "malformed_if_match",
        "Send one version in `If-Match`, as it came in `ETag`, e.g. `\"7\"`.",
    )
}
