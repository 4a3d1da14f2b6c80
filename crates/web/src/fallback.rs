//! Paths that do not exist, and methods that a path does not have.

use axum::Router;
use types::{Error, ErrorKind};

use crate::problem::Failure;

/// Answers unknown paths with 404 and wrong methods with 405 (`Allow` is added by axum).
///
/// Call it after all routes are there: only routes that exist get the 405.
pub fn with_fallbacks<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.fallback(no_such_path).method_not_allowed_fallback(wrong_method)
}

async fn no_such_path() -> Failure {
    Failure::from(Error::new(
        ErrorKind::NotFound,
        "not_found",
        "There is nothing at this path; see /docs for what there is.",
    ))
}

async fn wrong_method() -> Failure {
    Failure::from(Error::new(
        ErrorKind::WrongMethod,
        "wrong_method",
        "This path does not take this method; the `Allow` header names those it takes.",
    ))
}
