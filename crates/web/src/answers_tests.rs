use axum::Router;
use axum::routing::{get, patch};
use http::Request;
use serde_json::json;

use super::*;
use crate::IfMatch;
use crate::test_kit::{Answered, send};

#[tokio::test]
async fn created_says_where_and_which_version() {
    let created =
        Created { location: "/v1/things/t".to_owned(), version: Some(1), body: json!({"a": 1}) };
    let answer = Answered::of(created.into_response()).await;
    assert_eq!((answer.status, answer.text.as_str()), (201, r#"{"a":1}"#));
    assert_eq!((answer.header("location"), answer.header("etag")), ("/v1/things/t", "\"1\""));
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn a_body_that_cannot_be_written_is_our_fault() {
    let body = std::collections::HashMap::from([((1, 2), 3)]);
    let answer = Answered::of(WithEtag { version: 1, body }.into_response()).await;
    assert_eq!((answer.status, answer.header("etag")), (500, ""));
}

#[tokio::test]
async fn etags_are_quoted_versions() {
    for (version, text) in [(0, "\"0\""), (7, "\"7\""), (u64::MAX, "\"18446744073709551615\"")] {
        let answer = Answered::of(WithEtag { version, body: () }.into_response()).await;
        assert_eq!(answer.header("etag"), text);
    }
}

async fn link(uri: &str, next: Option<&str>) -> String {
    let page =
        Page { data: vec![1], next_cursor: next.map(str::to_owned), has_more: next.is_some() };
    let answer = Answered::of(Listed(page, uri.parse().unwrap()).into_response()).await;
    assert_eq!(answer.json()["data"], json!([1]));
    answer.header("link").to_owned()
}

#[tokio::test]
async fn the_next_page_is_the_same_question_with_another_cursor() {
    assert_eq!(link("/v1/things", None).await, "");
    assert_eq!(link("/v1/things", Some("abc")).await, "<?cursor=abc>; rel=\"next\"");
    assert_eq!(
        link("/v1/things?type=a%20b&cursor=old&limit=5", Some("n-_w")).await,
        "<?type=a%20b&limit=5&cursor=n-_w>; rel=\"next\""
    );
    let nasty = link("/v1/things?q={x}|\\&y=%3E&z=ä", Some("a b>")).await;
    assert_eq!(nasty, "<?q=%7Bx%7D%7C%5C&y=%3E&z=%C3%A4&cursor=a+b%3E>; rel=\"next\"");
}

#[tokio::test]
async fn if_match_guards_a_change() {
    async fn change(if_match: IfMatch) -> crate::Answer<&'static str> {
        if_match.check(7)?;
        Ok("changed")
    }
    let router = Router::new().route("/", patch(change).merge(get(|| async {})));
    for (sent, status, code) in [
        (None, 200, ""),
        (Some("\"7\""), 200, ""),
        (Some("*"), 200, ""),
        (Some("\"6\""), 412, "version_mismatch"),
        (Some("W/\"7\""), 412, "version_mismatch"),
        (Some("\"abc\""), 412, "version_mismatch"),
        (Some("\"+7\""), 412, "version_mismatch"),
        (Some("\"\""), 412, "version_mismatch"),
        (Some("7"), 400, "malformed_if_match"),
        (Some("\"6\", \"7\""), 400, "malformed_if_match"),
        (Some("\""), 400, "malformed_if_match"),
        (Some(""), 400, "malformed_if_match"),
    ] {
        let mut request = Request::patch("/");
        if let Some(sent) = sent {
            request = request.header("if-match", sent);
        }
        let answer = send(&router, request.body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{sent:?}");
    }
}
