//! Spans on their way to a collector that speaks OTLP over HTTP.
//!
//! The crates of OpenTelemetry sample, batch and write them; `settings` are its variables, which
//! nothing else reads, `queue` bounds what waits and counts what is lost, `caller` sends it by the
//! house's own client. Nobody waits for any of it.

mod caller;
mod queue;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use kernel::App;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{Protocol, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, SpanLimits,
};
use types::{Error, Result};

use self::caller::Caller;
use self::queue::{Counted, Gate, Queue};
pub use self::settings::Settings;

/// Spans that wait at most; further ones are dropped.
const QUEUE: usize = 2_048;
/// Spans of one request to the collector.
const BATCH: usize = 512;
/// How long a span waits for others.
const EVERY: Duration = Duration::from_secs(5);
/// A batch that could not be sent in this time, with all that was tried, is dropped.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the last spans may take to leave when the server stops.
const FAREWELL: Duration = Duration::from_secs(3);
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Sends spans until it is told to finish.
pub struct Exporter(SdkTracerProvider);

impl Exporter {
    /// Makes spans and sends them from now on, if the settings say where to. To be called on the
    /// runtime that is to make the calls.
    ///
    /// # Errors
    /// When the exporter cannot be made.
    pub fn start(app: &App, settings: &Settings) -> Result<Option<Self>> {
        let (Some(address), Some(sampler)) = (settings.address(), settings.sampler()) else {
            return Ok(None);
        };
        let sent = &app.meters().traces.sent;
        let queue = Arc::new(Queue::new(QUEUE, Arc::clone(sent)));
        let caller = Caller::new(app, &address, settings.headers(), Arc::clone(&queue))?;
        // All that it would else look up in the environment is said.
        let otlp = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(caller)
            .with_endpoint(address)
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| Error::internal(error.to_string()))?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(EVERY)
            .build();
        let batches = BatchSpanProcessor::new(Counted::new(otlp, Arc::clone(&queue)), batches);
        let provider = SdkTracerProvider::builder()
            .with_sampler(sampler)
            .with_span_limits(SpanLimits::default())
            .with_resource(about(app, settings))
            .with_span_processor(Gate::new(batches, queue))
            .build();
        let scope = InstrumentationScope::builder("sixfold").with_version(VERSION).build();
        app.meters().traces.start(provider.tracer_with_scope(scope));
        Ok(Some(Self(provider)))
    }

    /// Sends what is left, and does not wait for long.
    pub async fn finish(self) {
        // It waits for a thread of its own.
        let flushed =
            tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(FAREWELL)).await;
        if !matches!(flushed, Ok(Ok(()))) {
            tracing::warn!("the last spans did not leave in time");
        }
    }
}

/// Who the spans are from.
fn about(app: &App, settings: &Settings) -> Resource {
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_service_name(settings.service_name.clone())
        .with_attributes([
            KeyValue::new("service.version", VERSION),
            KeyValue::new("service.instance.id", app.id(app.now()).to_string()),
        ])
        .build()
}
