//! The plain door beside the one over https: it leads over there, and nowhere else. And it shows the
//! words by which a certificate authority convinces itself of whose domain this is (RFC 8555,
//! section 8.3).

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use http::uri::PathAndQuery;
use http::{HeaderValue, StatusCode, Uri, header};

/// Where authorities ask, followed by a token.
const ASKED: &str = "/.well-known/acme-challenge/";

/// What is shown to authorities just now. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct Challenges(Arc<RwLock<BTreeMap<String, String>>>);

impl Challenges {
    /// Shows a word at a token.
    pub fn show(&self, token: &str, word: &str) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(token.to_owned(), word.to_owned());
    }

    /// Shows it no more.
    pub fn take_back(&self, token: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(token);
    }

    fn word(&self, path: &str) -> Option<String> {
        let token = path.strip_prefix(ASKED)?;
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }
}

/// Answers everything with the same path at `public_url`: never at a host that a request names.
pub fn redirect(public_url: &str, challenges: &Challenges) -> Router {
    let (base, challenges) = (public_url.trim_end_matches('/').to_owned(), challenges.clone());
    Router::new().fallback(move |uri: Uri| async move {
        match challenges.word(uri.path()) {
            Some(word) => word.into_response(),
            None => lead(&base, &uri),
        }
    })
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
