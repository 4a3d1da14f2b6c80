//! The shape of the better-auth surface: bodies in, failures out, one translation.

use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;
use serde::de::DeserializeOwned;
use types::{Error, ErrorKind};
use web::{AuthFailure, Body, OptionalBody, Params};

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

/// A query that is refused in the same shape: 400 `VALIDATION_ERROR`.
pub(crate) struct AuthParams<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for AuthParams<T> {
    type Rejection = AuthFailure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AuthFailure> {
        match Params::from_request_parts(parts, state).await {
            Ok(params) => Ok(Self(params.0)),
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
        (ErrorKind::Unauthenticated, "unauthenticated") => {
            (ErrorKind::Unauthenticated, "unauthorized")
        }
        (ErrorKind::Conflict, "user_already_exists") => {
            (ErrorKind::Invalid, "user_already_exists_use_another_email")
        }
        (ErrorKind::Forbidden, "sign_up_disabled") => {
            (ErrorKind::Malformed, "email_password_sign_up_disabled")
        }
        (ErrorKind::Invalid, "invalid_email") => (ErrorKind::Malformed, "invalid_email"),
        (ErrorKind::Invalid, "password_too_short") => (ErrorKind::Malformed, "password_too_short"),
        (ErrorKind::Invalid, "password_too_long") => (ErrorKind::Malformed, "password_too_long"),
        (ErrorKind::Invalid, "password_too_simple") => {
            (ErrorKind::Malformed, "password_too_simple")
        }
        (ErrorKind::Invalid, "password_too_common") => {
            (ErrorKind::Malformed, "password_too_common")
        }
        (ErrorKind::Invalid, "password_contains_context") => {
            (ErrorKind::Malformed, "password_contains_context")
        }
        (ErrorKind::Invalid, _) => (ErrorKind::Malformed, "validation_error"),
        (ErrorKind::Malformed, "malformed_json" | "missing_body" | "incomplete_body") => {
            (ErrorKind::Malformed, "bad_request")
        }
        _ => return AuthFailure::from(error),
    };
    AuthFailure::from(Error::new(kind, code, error.message().to_owned()))
}
