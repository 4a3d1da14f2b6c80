use axum::Router;
use axum::routing::post;
use serde::Deserialize;

use super::*;
use crate::patch::Patch;
use crate::test_kit::{self, Answered};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "only read from JSON")]
struct Thing {
    group_id: types::GroupId,
    name: String,
    #[serde(default)]
    count: u32,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    properties: Option<types::JsonMap>,
    #[serde(default)]
    parent_id: Patch<String>,
    #[serde(default, deserialize_with = "crate::object")]
    tag: Tag,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tag {
    label: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Course,
    Post,
}

fn router() -> Router {
    Router::new().route("/", post(|Body(thing): Body<Thing>| async move { thing.name }))
}

async fn sent(body: &str) -> Answered {
    test_kit::post(&router(), "application/json", body.to_owned()).await
}

const GROUP: &str = r#""groupId":"group_01j3xjf8gqfryv3t2n3xk2n5z5""#;

#[tokio::test]
async fn wrong_shapes_are_422_with_a_pointer() {
    for (body, code, pointer) in [
        (r#"{"name":"x"}"#.to_owned(), "missing_field", "/groupId"),
        (format!(r#"{{{GROUP}}}"#), "missing_field", "/name"),
        (format!(r#"{{{GROUP},"name":"x","nmae":1}}"#), "unknown_field", "/nmae"),
        (format!(r#"{{{GROUP},"name":"x","a/b~c":1}}"#), "unknown_field", "/a~1b~0c"),
        (
            format!(r#"{{{GROUP},"name":"x","x`, expected y":1}}"#),
            "unknown_field",
            "/x`, expected y",
        ),
        (format!(r#"{{{GROUP},"name":5}}"#), "wrong_type", "/name"),
        (format!(r#"{{{GROUP},"name":null}}"#), "wrong_type", "/name"),
        (format!(r#"{{{GROUP},"name":"x","count":-1}}"#), "invalid_value", "/count"),
        (format!(r#"{{{GROUP},"name":"x","count":1.5}}"#), "wrong_type", "/count"),
        (format!(r#"{{{GROUP},"name":"x","count":"1"}}"#), "wrong_type", "/count"),
        (
            format!(r#"{{{GROUP},"name":"x","tags":[{{"label":"a"}},{{"label":1}}]}}"#),
            "wrong_type",
            "/tags/1/label",
        ),
        (format!(r#"{{{GROUP},"name":"x","tags":[{{}}]}}"#), "missing_field", "/tags/0/label"),
        (
            format!(r#"{{{GROUP},"name":"x","tags":[{{"label":"a","label2":1}}]}}"#),
            "unknown_field",
            "/tags/0/label2",
        ),
        (format!(r#"{{{GROUP},"name":"x","kind":"song"}}"#), "unknown_value", "/kind"),
        (format!(r#"{{{GROUP},"name":"x","kind":7}}"#), "wrong_type", "/kind"),
        (format!(r#"{{{GROUP},"name":"x","kind":null}}"#), "wrong_type", "/kind"),
        (format!(r#"{{{GROUP},"name":"x","kind":[]}}"#), "wrong_type", "/kind"),
        (format!(r#"{{{GROUP},"name":"x","name":"y"}}"#), "duplicate_field", "/name"),
        (format!(r#"{{{GROUP},"name":"x","properties":[]}}"#), "wrong_type", "/properties"),
        (format!(r#"{{{GROUP},"name":"x","parentId":7}}"#), "wrong_type", "/parentId"),
        (r#"{"groupId":"nonsense","name":"x"}"#.to_owned(), "invalid_value", "/groupId"),
        (format!(r#"{{{GROUP},"name":"a\u0000b"}}"#), "invalid_character", "/name"),
        (
            format!(r#"{{{GROUP},"name":"x","properties":{{"a":["\u0000"]}}}}"#),
            "invalid_character",
            "/properties/a/0",
        ),
        (
            format!(r#"{{{GROUP},"name":"x","properties":{{"a\u0000":1}}}}"#),
            "invalid_character",
            "/properties",
        ),
        ("5".to_owned(), "wrong_type", ""),
        (r#""text""#.to_owned(), "wrong_type", ""),
        ("null".to_owned(), "wrong_type", ""),
        ("[]".to_owned(), "wrong_type", ""),
        (r#"["group_01j3xjf8gqfryv3t2n3xk2n5z5","x",1]"#.to_owned(), "wrong_type", ""),
        (format!(r#"[{{{GROUP},"name":"x"}}]"#), "wrong_type", ""),
        (format!(r#"{{{GROUP},"name":"x","tag":["a"]}}"#), "wrong_type", "/tag"),
        (format!(r#"{{{GROUP},"name":"x","tag":{{"label":1}}}}"#), "wrong_type", "/tag/label"),
    ] {
        let answer = sent(&body).await;
        assert_eq!(
            answer.verdict(),
            (422, code.to_owned(), pointer.to_owned()),
            "{body}: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn the_sentences_are_for_people() {
    for (body, message) in [
        (r#"{"name":"x"}"#.to_owned(), "groupId: This field is required."),
        (format!(r#"{{{GROUP},"name":5}}"#), "name: This should be a string."),
        (
            format!(r#"{{{GROUP},"name":"x","count":"secret"}}"#),
            "count: This should be a whole number that is not negative.",
        ),
        (
            format!(r#"{{{GROUP},"name":"x","kind":"song"}}"#),
            "kind: This value is not known; expected `course` or `post`.",
        ),
        (
            format!(r#"{{{GROUP},"name":"x","tags":[{{"l":1}}]}}"#),
            "tags/0/l: This field is not known here; expected `label`.",
        ),
        (
            r#"{"groupId":"x","name":"x"}"#.to_owned(),
            "groupId: Expected an id like `group_01j…` (TypeID) or a UUID.",
        ),
        ("5".to_owned(), "This should be an object with the documented fields."),
    ] {
        assert_eq!(sent(&body).await.json()["message"], message, "{body}");
    }
    let answer = sent(&format!(r#"{{{GROUP},"nmae":1}}"#)).await;
    let told = answer.json()["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(told.contains("`groupId`, `name`, `count`"), "{told}");
}

#[tokio::test]
async fn unreadable_bodies_are_400() {
    for (body, code) in [
        (&b""[..], "missing_body"),
        (b"  \n ", "missing_body"),
        (b"{", "malformed_json"),
        (b"{\"name\":}", "malformed_json"),
        (b"{\"name\":\"x\"} x", "malformed_json"),
        (b"{'name':1}", "malformed_json"),
        (b"nul", "malformed_json"),
        (b"{\"name\":\"\\ud800\"}", "malformed_json"),
        (b"{\"name\":\"\xff\"}", "malformed_json"),
        (b"{\"name\":\"a\0b\"}", "malformed_json"),
        (b"\xef\xbb\xbf{}", "malformed_json"),
    ] {
        let answer = test_kit::post(&router(), "application/json", body.to_vec()).await;
        assert_eq!(
            answer.verdict(),
            (400, code.to_owned(), "-".to_owned()),
            "{body:?} {}",
            answer.text
        );
    }
    let deep =
        format!(r#"{{{GROUP},"name":"x","properties":{}{}}}"#, "[".repeat(40), "]".repeat(40));
    assert_eq!(sent(&deep).await.code(), "too_deep");
    let answer = sent("{\n  \"name\": x}").await;
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("line 2, column 11"), "{message}");
}

#[tokio::test]
async fn only_json_types_are_read() {
    let body = format!(r#"{{{GROUP},"name":"x"}}"#);
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "application/merge-patch+json",
        "application/vnd.api+json ; v=1",
    ] {
        let answer = test_kit::post(&router(), kind, body.clone()).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "x"), "{kind}");
    }
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "application/+json",
        "json",
        "",
    ] {
        let answer = test_kit::post(&router(), kind, body.clone()).await;
        assert_eq!((answer.status, answer.code().as_str()), (415, "wrong_content_type"), "{kind}");
    }
    let request = http::Request::post("/")
        .header("content-type", "application/json")
        .header("content-encoding", "gzip")
        .body(axum::body::Body::from(body))
        .unwrap();
    assert_eq!(test_kit::send(&router(), request).await.status, 415);
}

#[tokio::test]
async fn bodies_are_bounded_with_and_without_a_declared_length() {
    let router = router().layer(axum::Extension(BodyLimit(100)));
    let large = format!(r#"{{{GROUP},"name":"{}"}}"#, "x".repeat(100));
    let answer = test_kit::post(&router, "application/json", large.clone()).await;
    assert_eq!((answer.status, answer.code().as_str()), (413, "body_too_large"));
    assert!(answer.text.contains("100 bytes"));

    let chunks = large.as_bytes().chunks(10).map(<[u8]>::to_vec).map(axum::body::Bytes::from);
    let frames =
        chunks.map(|chunk| Ok::<_, std::convert::Infallible>(hyper::body::Frame::data(chunk)));
    let stream = Frames(frames.collect());
    let answer = test_kit::post(&router, "application/json", axum::body::Body::new(stream)).await;
    assert_eq!((answer.status, answer.code().as_str()), (413, "body_too_large"));

    let small = format!(r#"{{{GROUP},"name":"x"}}"#);
    assert_eq!(test_kit::post(&router, "application/json", small).await.status, 200);
}

/// A body of unknown length.
struct Frames(
    std::collections::VecDeque<Result<hyper::body::Frame<Bytes>, std::convert::Infallible>>,
);

impl HttpBody for Frames {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(self.0.pop_front())
    }
}

#[tokio::test]
async fn an_optional_body_may_be_absent_but_not_wrong() {
    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Options {
        all: bool,
    }
    let router = Router::new().route(
        "/",
        post(|OptionalBody(options): OptionalBody<Options>| async move { options.all.to_string() }),
    );
    let nothing = http::Request::post("/").body(axum::body::Body::empty()).unwrap();
    assert_eq!(test_kit::send(&router, nothing).await.text, "false");
    assert_eq!(test_kit::post(&router, "application/json", "{}").await.text, "false");
    assert_eq!(test_kit::post(&router, "application/json", r#"{"all":true}"#).await.text, "true");
    assert_eq!(test_kit::post(&router, "application/json", r#"{"al":true}"#).await.status, 422);
    assert_eq!(test_kit::post(&router, "text/plain", "{}").await.status, 415);
}

#[tokio::test]
async fn the_auth_surface_refuses_in_its_own_shape() {
    let router = Router::new()
        .route("/", post(|crate::AuthBody(t): crate::AuthBody<Tag>| async { t.label }));
    let answer = test_kit::post(&router, "application/json", "{}").await;
    assert_eq!(answer.verdict(), (422, "MISSING_FIELD".to_owned(), "/label".to_owned()));
}
