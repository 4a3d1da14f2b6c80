//! A call in the trace it is made for.

use reqwest::{Method, Response, StatusCode};
use telemetry::SpanKind;
use url::Url;

/// The span of a call; nothing outside of traces that are recorded. It ends when it is dropped.
pub struct Span(Option<telemetry::Span>);

impl Span {
    /// Begins it. `host` is told, so it is given only where an operator wrote the address down: all
    /// others are somebody's own business.
    #[must_use]
    pub fn begin(method: &Method, host: Option<&Url>) -> Self {
        let span = telemetry::child("HTTP", SpanKind::Client).map(|(_, mut span)| {
            let method = method.as_str().to_owned();
            span.rename(method.clone());
            span.set("http.request.method", method);
            if let Some(name) = host.and_then(Url::host_str) {
                span.set("server.address", name.to_owned());
            }
            if let Some(port) = host.and_then(Url::port_or_known_default) {
                span.set("server.port", i64::from(port));
            }
            span
        });
        Self(span)
    }

    /// As it is passed on, also where it is not recorded.
    pub(super) fn traceparent(&self) -> Option<String> {
        let own = self.0.as_ref().and_then(telemetry::Span::traceparent);
        own.or_else(telemetry::traceparent)
    }

    /// An answer began.
    pub fn answered(&mut self, status: StatusCode) {
        let Some(span) = &mut self.0 else { return };
        span.set("http.response.status_code", i64::from(status.as_u16()));
        if status.is_client_error() || status.is_server_error() {
            span.failed(status.as_str().to_owned());
        }
    }

    /// There is no answer.
    pub fn failed(&mut self, kind: &'static str) {
        if let Some(span) = &mut self.0 {
            span.failed(kind);
        }
    }

    /// What came of it.
    pub(super) fn ended(&mut self, sent: reqwest::Result<Response>) -> reqwest::Result<Response> {
        match &sent {
            Ok(response) => self.answered(response.status()),
            Err(error) if error.is_timeout() => self.failed("timeout"),
            Err(_) => self.failed("unanswered"),
        }
        sent
    }
}
