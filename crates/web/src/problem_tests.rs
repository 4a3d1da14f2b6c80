use std::sync::Arc;

use http::StatusCode;
use types::{Error, ErrorKind};
use utoipa::{IntoResponses, PartialSchema};

use super::*;
use crate::current::Current;
use crate::test_kit::Answered;
use crate::{AuthAnswer, AuthFailure};

async fn answered(failure: impl IntoResponse) -> Answered {
    let current = Current { request_id: Arc::from("req-1"), body_limit: 10, sender: None };
    Answered::of(CURRENT.sync_scope(current, || failure.into_response())).await
}

#[tokio::test]
async fn the_document_is_the_documented_one() {
    let answer = answered(Failure::from(Error::invalid("/name", "too_long", "Too long."))).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(
        answer.text,
        r#"{"type":"about:blank","title":"Unprocessable Content","status":422,"code":"too_long","message":"name: Too long.","requestId":"req-1","retryable":false,"errors":[{"pointer":"/name","code":"too_long","message":"Too long."}]}"#
    );
    let read: Problem = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), answer.text);
}

#[tokio::test]
async fn any_standard_error_is_internal_and_keeps_its_cause_to_itself() {
    fn handler() -> Answer<()> {
        Err(std::io::Error::other("secret path /etc/shadow"))?
    }
    let answer = answered(handler().unwrap_err()).await;
    assert_eq!((answer.status, answer.code().as_str()), (500, "internal"));
    assert!(!answer.text.contains("shadow"));
    assert_eq!(answer.json()["errors"], serde_json::json!([]));
}

#[tokio::test]
async fn waits_and_challenges_are_headers() {
    let fast = Error::new(ErrorKind::TooFast, "too_fast", "Slow down.").retry_after(7);
    let answer = answered(Failure::from(fast)).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, "7"));
    assert_eq!(answer.json()["retryable"], true);

    let answer = answered(Failure::from(Error::unauthenticated())).await;
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, "Bearer"));

    let busy = Error::new(ErrorKind::Overloaded, "not_ready", "Not ready.");
    assert_eq!(answered(Failure::from(busy)).await.header("retry-after"), "1");
}

#[tokio::test]
async fn the_auth_surface_shouts_its_codes() {
    fn rule() -> Answer<()> {
        let error = Error::new(ErrorKind::TooFast, "too_many_attempts", "Wait.").retry_after(60);
        Err(error.into())
    }
    fn handler() -> AuthAnswer<()> {
        Ok(rule()?)
    }
    let answer = answered(handler().unwrap_err()).await;
    assert_eq!((answer.status, answer.code().as_str()), (429, "TOO_MANY_ATTEMPTS"));
    assert_eq!(answer.header("x-retry-after"), "60");
    assert_eq!(answer.header("retry-after"), "60");
    assert_eq!(answer.json()["message"], "Wait.");

    fn by_question_mark() -> AuthAnswer<()> {
        Err(Error::not_found())?
    }
    let failure: AuthFailure = by_question_mark().unwrap_err();
    assert_eq!(failure.error().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn outside_a_request_there_is_no_id() {
    let answer = Answered::of(Failure::from(Error::not_found()).into_response()).await;
    assert_eq!(answer.json()["requestId"], "");
    assert_eq!(StatusCode::from_u16(answer.status).unwrap(), StatusCode::NOT_FOUND);
}

#[test]
fn the_schema_names_every_member() {
    let schema = serde_json::to_value(Problem::schema()).unwrap();
    for member in ["type", "title", "status", "code", "message", "requestId", "retryable", "errors"]
    {
        assert!(schema["properties"].get(member).is_some(), "{member}");
    }
    assert!(Problems::responses().contains_key("422"));
}
