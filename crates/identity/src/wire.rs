//! The shape of the better-auth surface: bodies in, failures out, one translation.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use types::{Error, ErrorKind};
use web::{AuthFailure, Body, OptionalBody};

/// A JSON body that is refused as that client expects: 400 `BAD_REQUEST` when it cannot be read,
/// 400 `VALIDATION_ERROR` when a field is missing or wrong.
pub(crate) struct AuthForm<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for AuthForm<T> {
    type Rejection = AuthFailure;

    async fn from_request(request: Request, state: &S) -> Result<Self, AuthFailure> {
        match Body::from_request(request, state).await {
            Ok(body) => Ok(Self(body.0)),
            Err(failure) => Err(translate(failure.into_error())),
        }
    }
}

/// The same, where no body is as good as `{}`.
pub(crate) struct AuthOptionalForm<T>(pub(crate) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for AuthOptionalForm<T> {
    type Rejection = AuthFailure;

    async fn from_request(request: Request, state: &S) -> Result<Self, AuthFailure> {
        match OptionalBody::from_request(request, state).await {
            Ok(body) => Ok(Self(body.0)),
            Err(failure) => Err(translate(failure.into_error())),
        }
    }
}

/// An error of the house, as the better-auth client knows it.
pub(crate) fn translate(error: Error) -> AuthFailure {
    let (kind, code) = match (error.kind(), error.code()) {
        (ErrorKind::Unauthenticated, "invalid_credentials") => {
            (ErrorKind::Unauthenticated, "invalid_email_or_password")
        }
        (ErrorKind::Conflict, "user_already_exists") => {
            (ErrorKind::Invalid, "user_already_exists_use_another_email")
        }
        (ErrorKind::Invalid, "invalid_email") => (ErrorKind::Malformed, "invalid_email"),
        (ErrorKind::Invalid, "password_too_short") => (ErrorKind::Malformed, "password_too_short"),
        (ErrorKind::Invalid, "password_too_long") => (ErrorKind::Malformed, "password_too_long"),
        (ErrorKind::Invalid, _) => (ErrorKind::Malformed, "validation_error"),
        (ErrorKind::Malformed, "malformed_json" | "missing_body" | "incomplete_body") => {
            (ErrorKind::Malformed, "bad_request")
        }
        _ => return AuthFailure::from(error),
    };
    AuthFailure::from(Error::new(kind, code, error.message().to_owned()))
}
