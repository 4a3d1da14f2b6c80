use axum::Router;
use axum::body::Body;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use serde_json::json;

use super::*;
use crate::test_kit::{self, Answered};

fn router() -> Router {
    let page = json!([{"name": "limit", "in": "query", "required": false}]);
    let whole: OpenApi = serde_json::from_value(json!({
        "openapi": "3.1.0", "info": {"title": "", "version": ""},
        "paths": {
            "/v1/things/{id}": {"get": {"responses": {}},
                "delete": {"parameters": page, "responses": {}}},
            "/v1/receivers/{id}/in": {"get": {"responses": {}}},
            "/v1/auth/ok": {"get": {"responses": {}}},
        },
    }))
    .unwrap();
    let door = Door::of(&whole, &["/v1/receivers/{id}/in"]);
    let answer = || async { "answered" };
    Router::new()
        .route("/v1/things/{id}", get(answer).delete(answer).put(answer))
        .route("/v1/receivers/{id}/in", get(answer))
        .route("/v1/auth/ok", get(answer))
        .route("/v1/secret", get(answer))
        .layer(from_fn_with_state(door, knock))
        .layer(axum::Extension(Caller::system("test")))
}

async fn asked(method: &str, uri: &str) -> Answered {
    let request = http::Request::builder().method(method).uri(uri).body(Body::empty()).unwrap();
    test_kit::send(&router(), request).await
}

#[tokio::test]
async fn what_has_no_parameters_refuses_them_by_name() {
    for (uri, code, name) in [
        ("/v1/things/7?odd=1", "unknown_parameter", "odd"),
        ("/v1/things/7?odd", "unknown_parameter", "odd"),
        ("/v1/things/7?odd=1&odd=1", "repeated_parameter", "odd"),
        ("/v1/things/7?odd=%ff", "invalid_character", "odd"),
    ] {
        let answer = asked("GET", uri).await;
        assert_eq!(answer.verdict(), (422, code.to_owned(), name.to_owned()), "{uri}");
    }
    assert_eq!(asked("HEAD", "/v1/things/7?odd=1").await.status, 422);
}

#[tokio::test]
async fn what_has_some_or_lets_all_pass_reads_them_itself() {
    for (method, uri) in [
        ("GET", "/v1/things/7"),
        ("GET", "/v1/things/7?"),
        ("DELETE", "/v1/things/7?odd=1"),
        // What is not described is not known here.
        ("PUT", "/v1/things/7?odd=1"),
        ("GET", "/v1/secret?odd=1"),
        ("GET", "/v1/receivers/7/in?odd=1"),
        ("GET", "/v1/auth/ok?odd=1"),
    ] {
        assert_eq!(asked(method, uri).await.text, "answered", "{method} {uri}");
    }
}
