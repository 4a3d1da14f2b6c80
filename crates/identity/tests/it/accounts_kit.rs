//! The front door under other settings and from other addresses.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use identity::{Settings, Surroundings};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use web::{Edge, Origins, PeerAddr};

use crate::stage::{Answer, PASSWORD, Stage};

pub(crate) const NEW: &str = "difference engine";

/// What the stage has, unless a test says otherwise.
pub(crate) fn settings() -> Settings {
    Settings {
        argon2_memory_kib: 64,
        argon2_passes: 1,
        callback_origins: vec!["https://app.example.com".to_owned()],
        tries_per_minute: 1_000_000,
        mails_per_minute: 1_000,
        mails_per_hour: 1_000,
        ..Settings::default()
    }
}

pub(crate) fn front(stage: &Stage, settings: Settings) -> Front<'_> {
    let origins = Origins::default().with("http://localhost:8080");
    let surroundings = Surroundings {
        public_url: "http://localhost:8080".to_owned(),
        origins: origins.clone(),
        development: true,
    };
    let house = identity::new(stage.app.clone(), settings, surroundings).unwrap();
    let (routes, _) = identity::router().split_for_parts();
    let router = Router::new()
        .merge(routes.with_state(house.clone()))
        .layer(axum::middleware::from_fn_with_state(house, identity::authenticate))
        .layer(Edge::new(&web::Settings::default(), origins).layer());
    Front { stage, router }
}

pub(crate) struct Front<'a> {
    pub(crate) stage: &'a Stage,
    router: Router,
}

impl Front<'_> {
    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
        from: &str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body)).unwrap();
        let address = SocketAddr::new(from.parse().unwrap(), 4711);
        request.extensions_mut().insert(PeerAddr(address));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        let mut body = serde_json::from_slice(&bytes).unwrap_or_else(|_| text());
        if let Some(id) = body.get_mut("requestId") {
            *id = Value::Null;
        }
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(crate) async fn post_from(&self, path: &str, body: Value, from: &str) -> Answer {
        let headers = [("content-type", "application/json")];
        self.raw("POST", path, &headers, body.to_string(), from).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.post_from(path, body, "203.0.113.7").await
    }

    pub(crate) async fn post_as(&self, path: &str, token: &str, body: Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        self.raw("POST", path, &headers, body.to_string(), "203.0.113.7").await
    }

    /// As a script fetches.
    pub(crate) async fn fetch(&self, path: &str, token: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("accept", "application/json")];
        if !token.is_empty() {
            headers.push(("authorization", bearer.as_str()));
        }
        self.raw("GET", path, &headers, String::new(), "203.0.113.7").await
    }

    /// As a browser goes to a page, or a mail scanner does.
    pub(crate) async fn open(&self, path: &str) -> Answer {
        let headers = [("accept", "text/html"), ("sec-fetch-mode", "navigate")];
        self.raw("GET", path, &headers, String::new(), "203.0.113.7").await
    }

    /// As a page's button does.
    pub(crate) async fn press(&self, path: &str, fields: &[(&str, &str)], cookie: &str) -> Answer {
        let body = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", value.replace(' ', "+")))
            .collect::<Vec<_>>()
            .join("&");
        let mut headers = vec![
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", "http://localhost:8080"),
            ("host", "localhost:8080"),
        ];
        if !cookie.is_empty() {
            headers.push(("cookie", cookie));
        }
        self.raw("POST", path, &headers, body, "203.0.113.7").await
    }

    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> Answer {
        let body = json!({ "email": email, "password": password });
        self.post("/v1/auth/sign-in/email", body).await
    }

    pub(crate) async fn sign_up(&self, name: &str) -> Answer {
        let email = format!("{name}@example.com");
        let body = json!({ "name": name, "email": email, "password": PASSWORD });
        let answer = self.post("/v1/auth/sign-up/email", body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    }

    pub(crate) async fn is_in(&self, token: &str) -> bool {
        self.fetch("/v1/auth/get-session", token).await.body != Value::Null
    }

    pub(crate) async fn events_of(&self, kind: &str) -> usize {
        self.stage.events().await.iter().filter(|one| *one == kind).count()
    }
}

/// Path and query of an address on this server.
pub(crate) fn path_of(url: &str) -> String {
    url.strip_prefix("http://localhost:8080").unwrap().to_owned()
}

pub(crate) fn location(answer: &Answer) -> &str {
    answer.headers.get("location").map_or("", |value| value.to_str().unwrap())
}

pub(crate) fn is_page(answer: &Answer) -> bool {
    answer.headers["content-type"] == "text/html; charset=utf-8"
        && answer.headers["content-security-policy"]
            .to_str()
            .unwrap()
            .starts_with("default-src 'none'; style-src 'sha256-")
}
