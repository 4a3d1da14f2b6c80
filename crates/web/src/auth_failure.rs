//! The same document for the better-auth surface, whose client reads `{code, message}` with the
//! code in `UPPER_SNAKE` and the wait in `X-Retry-After`.

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::{HeaderName, header};
use serde::de::DeserializeOwned;
use types::Error;

use crate::current::CURRENT;
use crate::json::{Body, OptionalBody};
use crate::problem::{Failure, render};

const X_RETRY_AFTER: HeaderName = HeaderName::from_static("x-retry-after");

/// What a handler of the auth surface returns.
pub type AuthAnswer<T> = Result<T, AuthFailure>;

/// An [`Error`] on its way out of the auth surface.
#[derive(Debug)]
pub struct AuthFailure(Error);

impl AuthFailure {
    /// The error inside.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.0
    }
}

impl<E: Into<Error>> From<E> for AuthFailure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl From<Failure> for AuthFailure {
    fn from(failure: Failure) -> Self {
        Self(failure.into_error())
    }
}

impl IntoResponse for AuthFailure {
    fn into_response(self) -> Response {
        let code = self.0.code().to_ascii_uppercase();
        let mut response = CURRENT
            .try_with(|current| render(&self.0, &code, &current.request_id))
            .unwrap_or_else(|_| render(&self.0, &code, ""));
        if let Some(seconds) = response.headers().get(header::RETRY_AFTER).cloned() {
            response.headers_mut().insert(X_RETRY_AFTER, seconds);
        }
        response
    }
}

/// [`Body`] for the auth surface: it fails in that surface's shape.
#[derive(Debug, Clone)]
pub struct AuthBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for AuthBody<T> {
    type Rejection = AuthFailure;

    async fn from_request(request: Request, state: &S) -> Result<Self, AuthFailure> {
        Ok(Self(Body::from_request(request, state).await?.0))
    }
}

/// [`OptionalBody`] for the auth surface: it fails in that surface's shape.
#[derive(Debug, Clone)]
pub struct AuthOptionalBody<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for AuthOptionalBody<T> {
    type Rejection = AuthFailure;

    async fn from_request(request: Request, state: &S) -> Result<Self, AuthFailure> {
        Ok(Self(OptionalBody::from_request(request, state).await?.0))
    }
}
