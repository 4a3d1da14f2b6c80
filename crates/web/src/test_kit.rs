//! A little comfort for the tests of this room.

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

/// An answer with its body read.
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answered {
    pub(crate) async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// `(status, code, pointer of the first field)`, which is what most tests are about.
    pub(crate) fn verdict(&self) -> (u16, String, String) {
        let pointer = self.json()["errors"][0]["pointer"].as_str().unwrap_or("-").to_owned();
        (self.status, self.code(), pointer)
    }
}

pub(crate) async fn send(router: &Router, request: Request<Body>) -> Answered {
    Answered::of(router.clone().oneshot(request).await.unwrap()).await
}

pub(crate) async fn get(router: &Router, uri: &str) -> Answered {
    send(router, Request::get(uri).body(Body::empty()).unwrap()).await
}

pub(crate) async fn post(router: &Router, kind: &str, body: impl Into<Body>) -> Answered {
    let request = Request::post("/").header("content-type", kind).body(body.into()).unwrap();
    send(router, request).await
}
