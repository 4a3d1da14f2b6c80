//! Somebody who calls: a small HTTP client with a credential and words for what one does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, ClientBuilder, Method, RequestBuilder};
use serde_json::Value;

/// How long a request is sent again that is answered by “try again”.
const PATIENCE: Duration = Duration::from_secs(60);
/// The first pause before it is sent again, and by how much each is longer than the one before.
const PAUSE: Duration = Duration::from_millis(10);

/// Somebody, signed in or not.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) email: String,
    pub(crate) base: String,
    pub(crate) token: Option<String>,
    /// The token of the platform's owner, who alone sees everybody ([`crate::stage::member`]).
    pub(crate) root: Option<String>,
    /// Their id as a person; empty for nobody.
    pub(crate) id: String,
    /// Their personal group; empty for nobody.
    pub(crate) home: String,
    pub(crate) http: Client,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// A text of the body by its pointer, e.g. `/data/0/id`.
    pub(crate) fn text_at(&self, pointer: &str) -> String {
        let found = self.json().pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        found.unwrap_or_else(|| panic!("no text at {pointer} in {self:?}"))
    }

    pub(crate) fn id(&self) -> String {
        self.text_at("/id")
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The status was this one; else the test fails and shows the answer.
    #[track_caller]
    pub(crate) fn was(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// It is a problem document with this status and code, whole and without anything internal.
    #[track_caller]
    pub(crate) fn was_problem(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let json = self.json();
        assert_eq!(json["status"], status);
        assert_eq!(json["requestId"], self.header("x-request-id"));
        for key in ["type", "title", "message"] {
            assert!(json[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {self:?}");
        }
        for internal in ["panicked", "sqlite", "postgres", ".rs:", "select ", "/data/"] {
            assert!(!self.text.contains(internal), "{internal}: {self:?}");
        }
        self
    }
}

/// A client for servers on this machine: no redirects, no proxy, and nobody to trust.
pub(crate) fn client() -> ClientBuilder {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
}

impl Person {
    /// Somebody without a credential.
    pub(crate) fn nobody(base: &str) -> Self {
        let http = client();
        Self {
            name: "nobody",
            email: String::new(),
            base: base.to_owned(),
            token: None,
            root: None,
            id: String::new(),
            home: String::new(),
            http: http.build().expect("a client"),
        }
    }

    /// The same person at a server that listens elsewhere now.
    pub(crate) fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// The same person with a connection pool of the runtime that asks.
    pub(crate) fn fresh(&self) -> Self {
        Self { http: Self::nobody(&self.base).http, ..self.clone() }
    }

    /// A request to be filled in by hand; the credential is there.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request, and again when the answer is to try again: then nothing was done, unless it
    /// says that nobody knows. Many who write at once, in one test or in several, get it from
    /// PostgreSQL now and then; without a pause they would only meet again.
    pub(crate) async fn send(&self, mut request: RequestBuilder) -> Answer {
        let deadline = Instant::now() + PATIENCE;
        let mut pause = PAUSE;
        while let Some(again) = request.try_clone() {
            let answer = self.sent(request).await;
            let last = answer.status != 503 || answer.code() == "outcome_unknown";
            if last || Instant::now() + pause > deadline {
                return answer;
            }
            tokio::time::sleep(pause).await;
            pause += PAUSE;
            request = again;
        }
        self.sent(request).await
    }

    async fn sent(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap_or_else(|error| panic!("{}: {error:?}", self.name))
    }

    pub(crate) async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Answer> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        // A stream has no end to wait for.
        let streams = headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        let text = if streams { String::new() } else { response.text().await? };
        Ok(Answer { status, headers, text })
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Every row of a list, page by page.
    pub(crate) async fn walk(&self, path: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut cursor = String::new();
        loop {
            let and = if path.contains('?') { '&' } else { '?' };
            let page = self.get(&format!("{path}{and}limit=200{cursor}")).await.was(200).json();
            rows.extend(page["data"].as_array().cloned().unwrap_or_default());
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return rows,
            }
        }
    }
}

/// A text as it stands in a query.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        out.push_str(&format!("%{byte:02X}"));
    }
    out
}
