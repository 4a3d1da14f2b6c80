//! Parameters in the path.

use axum::extract::FromRequestParts;
use axum::extract::path::{ErrorKind as PathError, FailedToDeserializePathParams};
use axum::extract::rejection::PathRejection;
use http::request::Parts;
use serde::de::DeserializeOwned;
use types::{Error, Result};

use crate::json_error::sentence;
use crate::problem::Failure;

/// The parameters of the path; one that cannot be read is 422 `invalid_id`.
#[derive(Debug, Clone)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        // No id holds U+0000 and no store keeps it in a text.
        if parts.uri.path().contains("%00") {
            return Err(invalid("", "The character U+0000 cannot be part of a path.").into());
        }
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(failed)) => Err(told(failed).into()),
            Err(other) => Err(Error::internal(other.to_string()).into()),
        }
    }
}

fn told(failed: FailedToDeserializePathParams) -> Error {
    match failed.into_kind() {
        PathError::DeserializeError { key, message, .. } => invalid(&key, &sentence(&message)),
        PathError::Message(message) => invalid("", &sentence(&message)),
        PathError::ParseErrorAtKey { key, .. } => invalid(&key, "This part cannot be read."),
        PathError::ParseErrorAtIndex { .. } | PathError::ParseError { .. } => {
            invalid("", "A part of the path cannot be read.")
        }
        PathError::InvalidUtf8InPathParam { key } => invalid(&key, "This part is not UTF-8 text."),
        // Wrong numbers and unsupported types are mistakes of a route, not of a caller.
        mistake => Error::internal(mistake.to_string()),
    }
}

fn invalid(name: &str, message: &str) -> Error {
    Error::invalid(name, "invalid_id", message)
}
