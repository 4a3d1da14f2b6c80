//! The plain door beside the one over https: it leads over there, and nowhere else.

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use http::uri::PathAndQuery;
use http::{HeaderValue, StatusCode, Uri, header};

/// Answers everything with the same path at `public_url`: never at a host that a request names.
pub fn redirect(public_url: &str) -> Router {
    let base = public_url.trim_end_matches('/').to_owned();
    Router::new().fallback(move |uri: Uri| async move { lead(&base, &uri) })
}

fn lead(base: &str, uri: &Uri) -> Response {
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    // `*` and authorities are no paths.
    let path = if path.starts_with('/') { path } else { "/" };
    match HeaderValue::try_from(format!("{base}{path}")) {
        Ok(place) => (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, place)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_always_the_configured_one() {
        for (from, to) in [
            ("/", "https://six.example/"),
            ("/v1/things?a=b&c", "https://six.example/v1/things?a=b&c"),
            ("//evil.example/x", "https://six.example//evil.example/x"),
            ("http://evil.example/x?y", "https://six.example/x?y"),
            ("*", "https://six.example/"),
        ] {
            let response = lead("https://six.example", &from.parse().unwrap());
            assert_eq!(response.status(), 308, "{from}");
            assert_eq!(response.headers()[header::LOCATION], to, "{from}");
        }
    }
}
