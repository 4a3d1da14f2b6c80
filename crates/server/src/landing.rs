//! Where links in letters lead as long as no app has a page for them: to this server's own pages.
//! With `identity.app_url` letters lead to the app, and nothing of this is served.

use axum::Router;
use axum::extract::RawQuery;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};

/// Letters of a token at most; ours have 43.
const TOKEN_MAX: usize = 128;

const NO_APP: &str = "An invitation is accepted in the app that uses this server: sign in there \
                      with the address that was invited. Whoever runs the server can say where the \
                      app lives with `identity.app_url`, and invitations will lead there.\n";

pub(crate) fn routes(app_url: &str) -> Router {
    if !app_url.is_empty() {
        return Router::new();
    }
    Router::new()
        .route("/login", get(|RawQuery(query)| async move { lead(query, login) }))
        .route("/reset-password", get(|RawQuery(query)| async move { lead(query, reset) }))
        .route("/accept-invitation", get(|| async { NO_APP }))
}

fn login(token: &str) -> String {
    format!("/v1/auth/magic-link/verify?token={token}")
}

fn reset(token: &str) -> String {
    format!("/v1/auth/reset-password/{token}")
}

/// To the page that takes the token; to the front page without one.
fn lead(query: Option<String>, page: fn(&str) -> String) -> Response {
    let query = query.unwrap_or_default();
    let token = query.split('&').find_map(|pair| pair.strip_prefix("token="));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let token =
        token.filter(|text| (1..=TOKEN_MAX).contains(&text.len()) && text.bytes().all(plain));
    let place = token.map_or_else(|| "/".to_owned(), page);
    let place = HeaderValue::try_from(place).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::FOUND, [(header::LOCATION, place)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led(query: &str) -> String {
        let response = lead(Some(query.to_owned()), login);
        response.headers()[header::LOCATION].to_str().unwrap().to_owned()
    }

    #[test]
    fn only_a_token_is_passed_on() {
        assert_eq!(led("token=aB_-9"), "/v1/auth/magic-link/verify?token=aB_-9");
        assert_eq!(led("x=1&token=a&y=2"), "/v1/auth/magic-link/verify?token=a");
        for query in
            ["", "token=", "token=a%2f", "token=//evil.example", "tokens=a", "token=a\r\nx"]
        {
            assert_eq!(led(query), "/", "{query}");
        }
    }
}
