//! A collector of traces: what it is sent, it keeps, and answers as it was told to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1 as proto;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::watch;

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a collector answers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Manner {
    Takes,
    /// All but so many of each batch, and says why.
    Rejects(i64),
    /// This status, with words that make no sense.
    Says(StatusCode),
    /// Never.
    Hangs,
}

#[derive(Clone)]
pub(super) struct Collector {
    pub(super) url: String,
    manner: Manner,
    kept: Arc<watch::Sender<Kept>>,
}

/// What it was sent.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) bodies: Vec<u8>,
    pub(super) headers: Vec<HeaderMap>,
    pub(super) spans: Vec<Span>,
    /// Who they are from.
    pub(super) resources: Vec<BTreeMap<String, String>>,
}

/// A span, as far as the tests look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) trace: String,
    pub(super) id: String,
    /// Empty at the top.
    pub(super) parent: String,
    pub(super) name: String,
    pub(super) kind: proto::span::SpanKind,
    pub(super) failed: bool,
    pub(super) about: BTreeMap<String, String>,
}

impl Span {
    pub(super) fn text(&self, key: &str) -> &str {
        self.about.get(key).map_or("", String::as_str)
    }

    /// Whether it is right below another one.
    pub(super) fn is_below(&self, above: &Self) -> bool {
        self.trace == above.trace && self.parent == above.id
    }
}

impl Collector {
    pub(super) fn open() -> Self {
        Self::that(Manner::Takes)
    }

    pub(super) fn that(manner: Manner) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("it does not block");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let collector = Self { url, manner, kept: Arc::new(watch::Sender::new(Kept::default())) };
        let router = Router::new().route("/v1/traces", post(take)).with_state(collector.clone());
        // Tests wait on their own thread for a server to stop, which sends its last spans meanwhile.
        std::thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).expect("a listener");
                axum::serve(listener, router).await
            })
        });
        collector
    }

    pub(super) fn kept(&self) -> watch::Ref<'_, Kept> {
        self.kept.borrow()
    }

    /// All spans so far.
    pub(super) fn spans(&self) -> Vec<Span> {
        self.kept().spans.clone()
    }

    /// Waits until what was sent is as it should be.
    pub(super) async fn until(&self, what: &str, is: impl Fn(&Kept) -> bool) {
        let mut news = self.kept.subscribe();
        let came = tokio::time::timeout(PATIENCE, news.wait_for(|kept| is(kept))).await.is_ok();
        assert!(came, "never: {what}\n{:#?}", self.spans());
    }

    /// The first span that is as it should be, once it came.
    pub(super) async fn span(&self, what: &str, is: impl Fn(&Span) -> bool) -> Span {
        self.until(what, |kept| kept.spans.iter().any(&is)).await;
        self.spans().into_iter().find(|span| is(span)).expect("it came")
    }
}

async fn take(State(collector): State<Collector>, headers: HeaderMap, body: Bytes) -> Response {
    let ours = headers.get("content-type").is_some_and(|kind| kind == "application/x-protobuf");
    let sent = ours.then(|| ExportTraceServiceRequest::decode(body.clone()).expect("protobuf"));
    collector.kept.send_modify(|kept| {
        for all in sent.into_iter().flat_map(|sent| sent.resource_spans) {
            kept.resources.extend(all.resource.map(|resource| about(resource.attributes)));
            let spans = all.scope_spans.into_iter().flat_map(|scope| scope.spans);
            kept.spans.extend(spans.map(span));
        }
        kept.headers.push(headers);
        kept.bodies.extend_from_slice(&body);
    });
    match collector.manner {
        Manner::Takes => StatusCode::OK.into_response(),
        Manner::Rejects(rejected_spans) => {
            let error_message = "zqreason".to_owned();
            let part = ExportTracePartialSuccess { rejected_spans, error_message };
            ExportTraceServiceResponse { partial_success: Some(part) }
                .encode_to_vec()
                .into_response()
        }
        Manner::Says(status) => (status, "\u{0}what?").into_response(),
        Manner::Hangs => std::future::pending().await,
    }
}

fn span(span: proto::Span) -> Span {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert!(span.start_time_unix_nano > 0 && span.end_time_unix_nano >= span.start_time_unix_nano);
    assert!(span.events.is_empty() && span.links.is_empty() && span.trace_state.is_empty());
    let status = span.status.as_ref();
    assert!(status.is_none_or(|status| status.message.is_empty()), "{status:?}");
    Span {
        failed: status.is_some_and(|status| status.code() == proto::status::StatusCode::Error),
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        kind: span.kind(),
        name: span.name,
        about: about(span.attributes),
    }
}

fn about(pairs: Vec<KeyValue>) -> BTreeMap<String, String> {
    let text = |pair: KeyValue| {
        let value = match pair.value.and_then(|value| value.value) {
            Some(Value::StringValue(text)) => text,
            Some(Value::IntValue(number)) => number.to_string(),
            other => panic!("{}: {other:?}", pair.key),
        };
        (pair.key, value)
    };
    pairs.into_iter().map(text).collect()
}
