//! What is refused by the API's description alone. Who is nobody is told so before anything else:
//! what an operation reads of a request, and what it refuses about it, is for those it answers. And
//! what has no parameters refuses them by name, as extractors do where there are some.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::Method;
use kernel::Caller;
use types::Error;
use utoipa::openapi::OpenApi;

use crate::describe;
use crate::problem::Failure;
use crate::query;

/// What the API's description says of each operation, as far as it decides by itself.
#[derive(Debug, Clone)]
pub struct Door {
    /// Closed to nobody.
    closed: Operations,
    /// Without parameters.
    bare: Operations,
}

impl Door {
    /// That of a whole description; paths that are `free` may be called with any parameters.
    #[must_use]
    pub fn of(whole: &OpenApi, free: &[&str]) -> Self {
        let closed = describe::closed(whole);
        let closed = closed.filter(|(_, path)| !path.starts_with(describe::AUTH));
        Self { closed: Operations::of(closed), bare: Operations::of(describe::bare(whole, free)) }
    }
}

/// Some of the operations, by their paths.
#[derive(Debug, Clone)]
struct Operations(Arc<HashMap<String, Vec<Method>>>);

impl Operations {
    fn of<'a>(all: impl Iterator<Item = (Method, &'a str)>) -> Self {
        let mut by_path: HashMap<String, Vec<Method>> = HashMap::new();
        for (method, path) in all {
            by_path.entry(path.to_owned()).or_default().push(method);
        }
        Self(Arc::new(by_path))
    }

    fn has(&self, request: &Request) -> bool {
        let Some(path) = request.extensions().get::<MatchedPath>() else { return false };
        let method = match *request.method() {
            Method::HEAD => &Method::GET,
            ref method => method,
        };
        self.0.get(path.as_str()).is_some_and(|methods| methods.contains(method))
    }
}

/// Answers 401 where a caller is needed and there is none, and then 422 where there are parameters and
/// none is known. Stands behind authentication.
pub async fn knock(State(door): State<Door>, request: Request, next: Next) -> Response {
    let known = request.extensions().get::<Caller>().is_some_and(Caller::is_known);
    if !known && door.closed.has(&request) {
        return Failure::from(Error::unauthenticated()).into_response();
    }
    let sent = request.uri().query().filter(|_| door.bare.has(&request));
    if let Err(error) = query::none(sent) {
        return Failure::from(error).into_response();
    }
    next.run(request).await
}

#[cfg(test)]
#[path = "door_tests.rs"]
mod tests;
