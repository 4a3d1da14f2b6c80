//! Who is nobody is told so before anything else: what an operation reads of a request, and what it
//! refuses about it, is for those it answers.

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

/// The client of this surface expects what is wrong with a body before who may send it.
const AUTH: &str = "/v1/auth/";

/// The operations that are closed to nobody, as the API's description says.
#[derive(Debug, Clone)]
pub struct Door(Arc<HashMap<String, Vec<Method>>>);

impl Door {
    /// Those of a whole description.
    #[must_use]
    pub fn of(whole: &OpenApi) -> Self {
        let mut closed: HashMap<String, Vec<Method>> = HashMap::new();
        for (method, path) in describe::closed(whole).filter(|(_, path)| !path.starts_with(AUTH)) {
            closed.entry(path.to_owned()).or_default().push(method);
        }
        Self(Arc::new(closed))
    }

    fn is_closed(&self, request: &Request) -> bool {
        let Some(path) = request.extensions().get::<MatchedPath>() else { return false };
        let method = match *request.method() {
            Method::HEAD => &Method::GET,
            ref method => method,
        };
        self.0.get(path.as_str()).is_some_and(|closed| closed.contains(method))
    }
}

/// Answers 401 where a caller is needed and there is none. Stands behind authentication.
pub async fn knock(State(door): State<Door>, request: Request, next: Next) -> Response {
    let known = request.extensions().get::<Caller>().is_some_and(Caller::is_known);
    if !known && door.is_closed(&request) {
        return Failure::from(Error::unauthenticated()).into_response();
    }
    next.run(request).await
}
