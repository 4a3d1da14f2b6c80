//! Other bases that apps expect, served by the same routes: the address is rewritten before the
//! router sees it, so there is one routing table and one answer.

use std::convert::Infallible;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use http::uri::PathAndQuery;
use http::{Request, Uri};
use tower::Service;

/// `/api/v1/*` → `/v1/*`, `/api/auth/*` → `/v1/auth/*`, `/api/health` → `/v1/health`.
pub(crate) fn with_aliases(router: Router) -> Router {
    Router::new().fallback_service(Aliases(router))
}

#[derive(Clone)]
struct Aliases(Router);

impl Service<Request<Body>> for Aliases {
    type Response = <Router as Service<Request<Body>>>::Response;
    type Error = Infallible;
    type Future = <Router as Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        <Router as Service<Request<Body>>>::poll_ready(&mut self.0, cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Some(uri) = rewritten(request.uri()) {
            *request.uri_mut() = uri;
        }
        self.0.call(request)
    }
}

fn rewritten(uri: &Uri) -> Option<Uri> {
    let rest = uri.path_and_query()?.as_str().strip_prefix("/api/")?;
    let under = |base: &str| rest.strip_prefix(base).is_some_and(ends_or_goes_on);
    let path: PathAndQuery = if under("v1") {
        format!("/{rest}").parse().ok()?
    } else if under("auth") || under("health") {
        format!("/v1/{rest}").parse().ok()?
    } else {
        return None;
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path);
    Uri::from_parts(parts).ok()
}

/// Whether what follows a segment is another one, a query, or nothing.
fn ends_or_goes_on(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(['/', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_known_bases_are_rewritten() {
        for (from, to) in [
            ("/api/v1/things?limit=5", Some("/v1/things?limit=5")),
            ("/api/v1/auth/sign-out", Some("/v1/auth/sign-out")),
            ("/api/auth/get-session", Some("/v1/auth/get-session")),
            ("/api/health", Some("/v1/health")),
            ("/api/v1", Some("/v1")),
            ("/api/v11/things", None),
            ("/api/healthy", None),
            ("/api/authors", None),
            ("/api/things", None),
            ("/apiv1/things", None),
            ("/v1/things", None),
            ("/", None),
        ] {
            let uri: Uri = from.parse().unwrap();
            let told = rewritten(&uri).map(|uri| uri.to_string());
            assert_eq!(told.as_deref(), to, "{from}");
        }
    }
}
