//! Paths that do not exist, and methods that a path does not have.

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use http::Uri;
use types::{Error, ErrorKind};

use crate::problem::Failure;

/// What lies below is read by the better-auth client.
const AUTH: &str = "/v1/auth/";

/// Answers unknown paths with 404 and wrong methods with 405 (`Allow` is added by axum).
///
/// Call it after all routes are there: only routes that exist get the 405.
pub fn with_fallbacks<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.fallback(no_such_path).method_not_allowed_fallback(wrong_method)
}

async fn no_such_path(uri: Uri) -> Response {
    told(
        &uri,
        Failure::from(Error::new(
            ErrorKind::NotFound,
            "not_found",
            "There is nothing at this path; see /docs for what there is.",
        )),
    )
}

async fn wrong_method(uri: Uri) -> Response {
    told(
        &uri,
        Failure::from(Error::new(
            ErrorKind::WrongMethod,
            "wrong_method",
            "This path does not take this method; the `Allow` header names those it takes.",
        )),
    )
}

/// In the shape of the surface that was meant.
fn told(uri: &Uri, failure: Failure) -> Response {
    if uri.path().starts_with(AUTH) {
        failure.auth().into_response()
    } else {
        failure.into_response()
    }
}
