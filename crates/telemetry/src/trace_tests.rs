use std::sync::Mutex;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    Sampler, SdkTracerProvider, Span as SdkSpan, SpanData, SpanProcessor,
};

use super::*;

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Keeps what ended.
#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Vec<SpanData>>>);

impl SpanProcessor for Kept {
    fn on_start(&self, _span: &mut SdkSpan, _cx: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.0.lock().expect("what was kept").push(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

fn traces(sampler: Sampler) -> (Traces, Kept) {
    let (traces, kept) = (Traces::default(), Kept::default());
    let provider = SdkTracerProvider::builder()
        .with_sampler(Sampler::ParentBased(Box::new(sampler)))
        .with_span_processor(kept.clone())
        .build();
    traces.start(provider.tracer("test"));
    (traces, kept)
}

#[test]
fn traceparent_is_read_and_written() {
    let context = read(PARENT).expect("it is one");
    assert!(context.is_sampled() && context.is_remote());
    assert_eq!(written(&context).as_deref(), Some(PARENT));
    let later = read(&PARENT.replace("00-4b", "cc-4b").replace("-01", "-fe-more"));
    assert!(later.is_some_and(|context| !context.is_sampled()));
    for wrong in [
        "",
        "00",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
    ] {
        assert_eq!(read(wrong), None, "{wrong}");
    }
}

#[test]
fn what_is_below_is_of_the_same_trace() {
    let (traces, kept) = traces(Sampler::AlwaysOff);
    let request = traces.begin("request", SpanKind::Server, Some(PARENT)).expect("they are on");
    Current::traced(None, &request).run(|| {
        let (inside, mut transaction) =
            crate::child("transaction", SpanKind::Client).expect("it is recorded");
        transaction.set("db.system.name", "sqlite");
        inside.run(|| crate::waited(Duration::from_secs(3)));
        let passed_on = crate::traceparent().expect("there is one");
        assert!(passed_on.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"), "{passed_on}");
        assert!(passed_on.ends_with("-01"), "{passed_on}");
    });
    drop(request);
    let ended = kept.0.lock().expect("what was kept");
    let [wait, transaction, request] = ended.as_slice() else {
        panic!("three spans: {ended:#?}");
    };
    assert_eq!(wait.parent_span_id, transaction.span_context.span_id());
    assert_eq!(transaction.parent_span_id, request.span_context.span_id());
    assert_eq!(request.parent_span_id, SpanId::from_hex("00f067aa0ba902b7").expect("an id"));
    assert!(ended.iter().all(|one| one.span_context.trace_id() == request.span_context.trace_id()));
    assert_eq!(wait.end_time.duration_since(wait.start_time).ok(), Some(Duration::from_secs(3)));
}

#[test]
fn of_what_is_not_recorded_only_the_place_is_passed_on() {
    let (traces, kept) = traces(Sampler::AlwaysOff);
    let (inside, work) = traces.work("letters", &7).expect("they are on");
    assert!(!work.is_recorded());
    inside.run(|| {
        assert!(crate::child("transaction", SpanKind::Client).is_none());
        crate::waited(Duration::from_secs(3));
        assert!(crate::traceparent().is_some_and(|text| text.ends_with("-00")));
    });
    drop(work);
    assert!(kept.0.lock().expect("what was kept").is_empty());
}

#[test]
fn who_takes_no_spans_makes_none() {
    let traces = Traces::default();
    assert!(traces.begin("request", SpanKind::Server, Some(PARENT)).is_none());
    assert!(traces.work("letters", &7).is_none() && !traces.are_on());
    assert!(crate::child("call", SpanKind::Client).is_none());
    assert_eq!(crate::traceparent(), None);
}
