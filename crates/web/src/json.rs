//! JSON bodies: bounded, checked before they are parsed, and refused with a pointer.

use axum::body::{Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use http::{HeaderMap, HeaderValue, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::{DeserializeOwned, IgnoredAny};
use types::{Error, ErrorKind, Result, Shortage};

use crate::current::CURRENT;
use crate::moving::Broken;
use crate::object::Object;
use crate::problem::Failure;
use crate::{json_error, json_scan, moving};

/// Used where no edge has set a limit.
const DEFAULT_LIMIT: usize = 1024 * 1024;

/// A body limit of a route's own, in bytes: `.layer(axum::Extension(BodyLimit(n)))`.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimit(pub usize);

/// A JSON body, read into `T`. Let `T` deny unknown fields: nothing is silently dropped here.
#[derive(Debug, Clone)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Failure> {
        match read_json(request).await? {
            Some(bytes) => Ok(Self(parse(&bytes)?)),
            None => Err(Failure::from(Error::new(
                ErrorKind::Malformed,
                "missing_body",
                "This request needs a JSON body.",
            ))),
        }
    }
}

/// A JSON body where sending none is as good as sending `{}`.
#[derive(Debug, Clone, Default)]
pub struct OptionalBody<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Failure> {
        match read_json(request).await? {
            Some(bytes) => Ok(Self(parse(&bytes)?)),
            None => Ok(Self(T::default())),
        }
    }
}

/// Reads a body of any type, up to the limit of the route or of the edge.
///
/// # Errors
/// 413 when it is larger, 400 when it breaks off, 408 when nothing of it comes for seconds, 503 when it
/// would have to be waited for and too many are.
pub async fn read_body(request: Request) -> Result<Bytes> {
    let limit = request.extensions().get::<BodyLimit>().map_or_else(
        || CURRENT.try_with(|current| current.body_limit).unwrap_or(DEFAULT_LIMIT),
        |limit| limit.0,
    );
    check_encoding(request.headers())?;
    let body = request.into_body();
    // A declared length is judged before a byte is read.
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large(limit));
    }
    match Limited::new(moving::prompt(body), limit).collect().await {
        Ok(read) => Ok(read.to_bytes()),
        Err(cause) if cause.is::<LengthLimitError>() => Err(too_large(limit)),
        Err(cause) => Err(match moving::broken(&*cause) {
            Some(Broken::Late) => Error::new(
                ErrorKind::TimedOut,
                "body_too_slow",
                "The body came too slowly; send the request again.",
            ),
            Some(Broken::Crowded) => Error::overloaded(
                "Too many bodies are awaited; try again in a moment, and send fewer at once.",
            )
            .short_of(Shortage::AwaitedBodies),
            None => Error::new(
                ErrorKind::Malformed,
                "incomplete_body",
                "The body broke off before its end; send the request again.",
            )
            .caused_by(cause),
        }),
    }
}

async fn read_json(request: Request) -> Result<Option<Bytes>> {
    // An empty body is missing, whatever its type claims to be.
    if request.body().is_end_stream() {
        return Ok(None);
    }
    check_type(request.headers())?;
    let bytes = read_body(request).await?;
    let blank = bytes.iter().all(u8::is_ascii_whitespace);
    Ok((!blank).then_some(bytes))
}

fn check_type(headers: &HeaderMap) -> Result<()> {
    let wrong = |message: &'static str| {
        Err(Error::new(ErrorKind::WrongType, "wrong_content_type", message))
    };
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if !is_json(kind) {
        return wrong("Send the body as JSON, with `Content-Type: application/json`.");
    }
    Ok(())
}

/// Nothing is unpacked, so nothing grows while it is read: a compressed body is refused.
///
/// # Errors
/// 415 `wrong_content_type`.
pub fn check_encoding(headers: &HeaderMap) -> Result<()> {
    let mut all = headers.get_all(header::CONTENT_ENCODING).iter();
    if all.all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::WrongType,
        "wrong_content_type",
        "Send the body uncompressed, without `Content-Encoding`.",
    ))
}

/// `application/json` or `application/…+json`, with or without parameters.
pub(crate) fn is_json(kind: &[u8]) -> bool {
    let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let Some((family, name)) = essence.split_at_checked(b"application/".len()) else {
        return false;
    };
    let suffix = name.len().saturating_sub(b"+json".len());
    family.eq_ignore_ascii_case(b"application/")
        && (name.eq_ignore_ascii_case(b"json")
            || (suffix > 0 && name[suffix..].eq_ignore_ascii_case(b"+json")))
}

fn too_large(limit: usize) -> Error {
    Error::new(
        ErrorKind::TooLarge,
        "body_too_large",
        format!("The body is larger than the {limit} bytes this route reads; send less at once."),
    )
}

/// Reads `T` from the bytes of a JSON text, which holds an object.
///
/// # Errors
/// 400 for what is not JSON, with the place; 422 with a pointer for what does not fit `T`.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let text = std::str::from_utf8(bytes).map_err(|_| {
        Error::new(ErrorKind::Malformed, "malformed_json", "The body is not UTF-8 text.")
    })?;
    if json_scan::scan(bytes)?.has_nul {
        return Err(json_error::nul(text));
    }
    match serde_json::from_str(text) {
        Ok(Object(value)) => Ok(value),
        Err(error) if json_error::may_be_misfit(&error) => {
            // The misfit may stand before the place where the text stops being JSON at all.
            serde_json::from_str::<IgnoredAny>(text).map_err(|e| json_error::malformed(&e))?;
            // Keeping track of the place costs, so it is done only for those who need telling.
            let mut json = serde_json::Deserializer::from_str(text);
            serde_path_to_error::deserialize(&mut json)
                .map(|Object(value)| value)
                .map_err(|error| json_error::misfit(&error))
        }
        Err(error) => Err(json_error::malformed(&error)),
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
