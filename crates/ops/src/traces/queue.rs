//! Before and behind the batches of the SDK, which tell nobody how many spans they lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor};
use telemetry::Sent;

/// How many spans wait, and what becomes of them.
#[derive(Debug)]
pub(super) struct Queue {
    places: usize,
    taken: AtomicUsize,
    /// Of the batch that was sent last: there is one at a time.
    rejected: AtomicU64,
    pub(super) sent: Arc<Sent>,
}

impl Queue {
    pub(super) fn new(places: usize, sent: Arc<Sent>) -> Self {
        Self { places, taken: AtomicUsize::new(0), rejected: AtomicU64::new(0), sent }
    }

    /// Whether one more may wait; it is lost where it may not.
    fn join(&self) -> bool {
        let joined = self.taken.fetch_add(1, Ordering::Relaxed) < self.places;
        if !joined {
            self.leave(1);
            self.sent.dropped.one();
        }
        joined
    }

    fn leave(&self, spans: usize) {
        self.taken.fetch_sub(spans, Ordering::Relaxed);
    }

    /// The collector answered, and did not take so many.
    pub(super) fn reject(&self, spans: u64) {
        self.rejected.store(spans, Ordering::Relaxed);
    }

    /// So many were sent, and the last answer was good or was not.
    fn count(&self, spans: u64, answered: bool) {
        let rejected = self.rejected.swap(0, Ordering::Relaxed);
        let dropped = if answered { rejected.min(spans) } else { spans };
        self.sent.dropped.add(dropped);
        self.sent.exported.add(spans - dropped);
    }
}

/// Lets spans into the batches as long as there is room for them.
#[derive(Debug)]
pub(super) struct Gate {
    batches: BatchSpanProcessor,
    queue: Arc<Queue>,
}

impl Gate {
    pub(super) const fn new(batches: BatchSpanProcessor, queue: Arc<Queue>) -> Self {
        Self { batches, queue }
    }
}

impl SpanProcessor for Gate {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.queue.join() {
            self.batches.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

/// Counts what the collector takes, and what it does not.
#[derive(Debug)]
pub(super) struct Counted<E> {
    exporter: E,
    queue: Arc<Queue>,
}

impl<E> Counted<E> {
    pub(super) const fn new(exporter: E, queue: Arc<Queue>) -> Self {
        Self { exporter, queue }
    }
}

impl<E: SpanExporter> SpanExporter for Counted<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        self.queue.leave(spans);
        let outcome = self.exporter.export(batch).await;
        self.queue.count(spans as u64, outcome.is_ok());
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_finds_no_place_is_lost_and_counted() {
        let queue = Queue::new(2, Arc::default());
        assert_eq!([queue.join(), queue.join(), queue.join()], [true, true, false]);
        queue.leave(2);
        assert_eq!([queue.join(), queue.join(), queue.join()], [true, true, false]);
        assert_eq!(queue.sent.dropped.get(), 2);
    }

    #[test]
    fn what_the_collector_rejects_is_lost_and_not_exported() {
        let queue = Queue::new(2, Arc::default());
        let counts = || (queue.sent.exported.get(), queue.sent.dropped.get());
        queue.count(10, true);
        assert_eq!(counts(), (10, 0));
        queue.reject(3);
        queue.count(10, true);
        assert_eq!(counts(), (17, 3));
        // That was the batch before.
        queue.count(10, true);
        assert_eq!(counts(), (27, 3));
        queue.reject(u64::MAX);
        queue.count(10, true);
        assert_eq!(counts(), (27, 13));
        queue.count(10, false);
        assert_eq!(counts(), (27, 23));
    }
}
