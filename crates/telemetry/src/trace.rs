//! Where time goes: spans, as OpenTelemetry has them.
//!
//! Its SDK makes and samples them; whoever sends them hands it in with [`Traces::start`]. Most are
//! not recorded: of those there are two numbers to pass on, and nothing else is made or waited for.
//! Names and values are words of ours, never of those who ask.

use std::borrow::Cow;
use std::fmt::Display;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanId, Status, TraceContextExt as _, TraceFlags, TraceId,
    TraceState, Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;

pub use opentelemetry::Value;
pub use opentelemetry::trace::SpanKind;

use crate::{Counter, Current};

/// What became of spans.
#[derive(Debug, Default)]
pub struct Sent {
    /// Taken by the collector.
    pub exported: Counter,
    /// Lost: too many waited, or the collector did not take them.
    pub dropped: Counter,
    /// Requests to the collector that failed.
    pub failed: Counter,
}

/// The traces of a house.
#[derive(Debug, Default)]
pub struct Traces {
    tracer: OnceLock<SdkTracer>,
    /// What became of its spans.
    pub sent: Arc<Sent>,
}

impl Traces {
    /// Makes spans from now on; only the first time.
    pub fn start(&self, tracer: SdkTracer) {
        // A second one is not needed: a house has one.
        let _ = self.tracer.set(tracer);
    }

    /// Whether anybody takes spans.
    #[must_use]
    pub fn are_on(&self) -> bool {
        self.tracer.get().is_some()
    }

    /// Begins a trace, or goes on with that of a caller, who sent `traceparent`.
    #[must_use]
    pub fn begin(
        &self,
        name: &'static str,
        kind: SpanKind,
        traceparent: Option<&str>,
    ) -> Option<Span> {
        let above = traceparent.and_then(read);
        Some(Span::open(self.tracer.get()?, name, kind, above.as_ref()))
    }

    /// Begins work that was left in a queue, and what is done in it. It is a trace of its own: what
    /// left it there is long over.
    #[must_use]
    pub fn work(&self, queue: &str, id: &impl Display) -> Option<(Current, Span)> {
        let mut span = self.begin("process", SpanKind::Consumer, None)?;
        if span.is_recorded() {
            span.rename(format!("process {queue}"));
            span.set("messaging.system", "sixfold");
            span.set("messaging.operation.type", "process");
            span.set("messaging.destination.name", queue.to_owned());
            span.set("messaging.message.id", id.to_string());
        }
        Some((Current::traced(None, &span), span))
    }
}

/// Where code is in a trace.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    context: SpanContext,
    /// Who makes the spans below; none where none are recorded.
    tracer: Option<SdkTracer>,
}

impl Place {
    /// A span below, where it would be recorded.
    pub(crate) fn child(&self, name: &'static str, kind: SpanKind) -> Option<Span> {
        Some(Span::open(self.tracer.as_ref()?, name, kind, Some(&self.context)))
    }

    /// A span of having waited so long, which ends now.
    pub(crate) fn waited(&self, time: Duration) {
        let Some(tracer) = &self.tracer else { return };
        let now = now();
        let began = now.checked_sub(time).unwrap_or(now);
        let builder = SpanBuilder::from_name("queue wait").with_start_time(began);
        let above = Context::new().with_remote_span_context(self.context.clone());
        tracer.build_with_context(builder, &above).end_with_timestamp(now);
    }

    pub(crate) fn traceparent(&self) -> Option<String> {
        written(&self.context)
    }
}

/// Something that takes time. It ends when it is dropped.
#[derive(Debug)]
pub struct Span {
    context: SpanContext,
    recorded: Option<Box<Recorded>>,
}

#[derive(Debug)]
struct Recorded {
    tracer: SdkTracer,
    span: opentelemetry_sdk::trace::Span,
    failed: bool,
}

impl Span {
    fn open(
        tracer: &SdkTracer,
        name: &'static str,
        kind: SpanKind,
        above: Option<&SpanContext>,
    ) -> Self {
        let builder = SpanBuilder::from_name(name).with_kind(kind);
        let above = above.map_or_else(Context::new, |above| {
            Context::new().with_remote_span_context(above.clone())
        });
        let span = tracer.build_with_context(builder, &above);
        let context = span.span_context().clone();
        let recorded = span
            .is_recording()
            .then(|| Box::new(Recorded { tracer: tracer.clone(), span, failed: false }));
        Self { context, recorded }
    }

    /// Whether it is recorded: what is said of others is not heard.
    #[must_use]
    pub const fn is_recorded(&self) -> bool {
        self.recorded.is_some()
    }

    /// Gives it another name.
    pub fn rename(&mut self, name: impl Into<Cow<'static, str>>) {
        if let Some(recorded) = &mut self.recorded {
            recorded.span.update_name(name);
        }
    }

    /// Says something about it, in the words of OpenTelemetry's semantic conventions.
    pub fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        if let Some(recorded) = &mut self.recorded {
            recorded.span.set_attribute(KeyValue::new(key, value));
        }
    }

    /// It went wrong, by a code of ours or a status; what is said first counts.
    pub fn failed(&mut self, kind: impl Into<Value>) {
        let Some(recorded) = &mut self.recorded else { return };
        if !std::mem::replace(&mut recorded.failed, true) {
            recorded.span.set_attribute(KeyValue::new("error.type", kind));
            // What an error says may quote what somebody sent.
            recorded.span.set_status(Status::Error { description: Cow::Borrowed("") });
        }
    }

    /// As it is passed on in the header of that name.
    #[must_use]
    pub fn traceparent(&self) -> Option<String> {
        written(&self.context)
    }

    pub(crate) fn place(&self) -> Place {
        let tracer = self.recorded.as_ref().map(|recorded| recorded.tracer.clone());
        Place { context: self.context.clone(), tracer }
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock of spans; all others are read by the SDK")]
fn now() -> SystemTime {
    SystemTime::now()
}

/// A `traceparent` as it is passed on, for `tests/parsers`; nothing, where it is none.
#[doc(hidden)]
#[must_use]
pub fn passed_on(traceparent: &str) -> Option<String> {
    written(&read(traceparent)?)
}

/// As W3C Trace Context has it. Of other flags and of `tracestate`, which is whatever others write
/// there, nothing is passed on.
fn written(context: &SpanContext) -> Option<String> {
    let sampled = u8::from(context.is_sampled());
    context
        .is_valid()
        .then(|| format!("00-{}-{}-{sampled:02x}", context.trace_id(), context.span_id()))
}

fn read(text: &str) -> Option<SpanContext> {
    let mut parts = text.trim().split('-');
    let (version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let whole = hex(version, 2) && hex(trace, 32) && hex(span, 16) && hex(flags, 2);
    // Later versions may add to it, this one has no more.
    if !whole || version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let context = SpanContext::new(trace, span, flags, true, TraceState::NONE);
    context.is_valid().then_some(context)
}

#[cfg(test)]
#[path = "trace_tests.rs"]
mod tests;
