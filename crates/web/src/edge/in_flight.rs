//! A request from its head to its answer: the place it takes, and what is told of it once it is over.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::extract::MatchedPath;
use http::{Method, Request};
use telemetry::{Counter, Refusals, Span};
use types::Shortage;

use super::Edge;

/// The status that stands for a request whose client went away before it was answered.
const GONE: u16 = 499;

/// The name of a method that is one: others are whatever a client wrote.
fn known(method: &Method) -> &str {
    const ALL: [Method; 9] = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
        Method::CONNECT,
        Method::TRACE,
    ];
    if ALL.contains(method) { method.as_str() } else { telemetry::OTHER }
}

/// One of the places in the house; left when dropped, also when the client hangs up.
pub(super) struct InFlight {
    pub(super) edge: Arc<Edge>,
    counted: bool,
    /// There is none: why, and seconds after which to come back.
    pub(super) refused: Option<(Shortage, u32)>,
    /// Of a request that has no answer yet.
    open: Option<Open>,
}

/// What is told of a request once it is over.
struct Open {
    started: Instant,
    current: telemetry::Current,
    span: Option<Span>,
    method: Method,
    route: Option<MatchedPath>,
}

impl InFlight {
    pub(super) fn take<B>(
        edge: &Arc<Edge>,
        request: &Request<B>,
        started: Instant,
        (current, span): (&telemetry::Current, Option<Span>),
    ) -> Self {
        let open = Open {
            started,
            current: current.clone(),
            span,
            method: request.method().clone(),
            route: request.extensions().get::<MatchedPath>().cloned(),
        };
        let (counted, refused) = edge.admit(request);
        Self { edge: Arc::clone(edge), counted, refused, open: Some(open) }
    }

    /// Tells of the request, once; how long it took.
    pub(super) fn tell(
        &mut self,
        status: u16,
        code: Option<&str>,
        shortage: Option<Shortage>,
    ) -> Duration {
        let Some(open) = self.open.take() else { return Duration::ZERO };
        let elapsed = open.started.elapsed();
        let route = open.route.as_ref().map(MatchedPath::as_str);
        let method = known(&open.method);
        self.edge.meters.http.answered(route, method, status, elapsed);
        if let Some(shortage) = shortage {
            counter(&self.edge.meters.http.refused, shortage).one();
        }
        let latency_ms = elapsed.as_secs_f64() * 1e3;
        let request_id = open.current.request_id().map_or("-", |id| &**id);
        tracing::info!(
            target: "web::request",
            // The route's pattern, never the path: its values are nobody's business.
            route = route.unwrap_or("-"),
            method,
            status,
            latency_ms,
            request_id,
            error_code = code,
            "request",
        );
        if let Some(span) = open.span {
            settle(span, route, method, (status, code), request_id);
        }
        if elapsed >= self.edge.slow {
            self.edge.meters.http.slow.one();
            let statements = open.current.slow().join("; ");
            tracing::warn!(
                target: "web::slow",
                route = route.unwrap_or("-"),
                method,
                status,
                latency_ms,
                request_id,
                error_code = code,
                statements,
                "a request was slow",
            );
        }
        elapsed
    }
}

/// Where a refusal counts. Every refusal for want of room passes here, whoever refused.
fn counter(refusals: &Refusals, shortage: Shortage) -> &Counter {
    match shortage {
        Shortage::InFlight => &refusals.in_flight,
        Shortage::AwaitedBodies => &refusals.awaited_bodies,
        Shortage::IdempotentRequests => &refusals.idempotent_requests,
        Shortage::Wait => &refusals.wait,
        Shortage::DatabaseQueue => &refusals.database_queue,
        Shortage::DatabaseConnections => &refusals.database_connections,
        Shortage::LongReads => &refusals.long_reads,
        Shortage::Passwords => &refusals.passwords,
        Shortage::Exports => &refusals.exports,
        Shortage::Calls => &refusals.calls,
        Shortage::Pages => &refusals.pages,
        Shortage::LiveConnections => &refusals.live_connections,
        Shortage::Other => &refusals.other,
    }
}

/// What is told of a request in its span, which ends with it. The path is not, nor who calls: they are
/// nobody's business.
fn settle(
    mut span: Span,
    route: Option<&str>,
    method: &str,
    (status, code): (u16, Option<&str>),
    request_id: &str,
) {
    if !span.is_recorded() {
        return;
    }
    let other = method == telemetry::OTHER;
    let (name, method) = if other { ("HTTP", "_OTHER") } else { (method, method) };
    span.rename(route.map_or_else(|| name.to_owned(), |route| format!("{name} {route}")));
    span.set("http.request.method", method.to_owned());
    if let Some(route) = route {
        span.set("http.route", route.to_owned());
    }
    span.set("sixfold.request_id", request_id.to_owned());
    let kind = || code.map_or_else(|| status.to_string(), str::to_owned);
    if status == GONE {
        // Nothing was answered, and nothing went wrong here.
        span.set("error.type", kind());
        return;
    }
    span.set("http.response.status_code", i64::from(status));
    if status >= 500 {
        span.failed(kind());
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        // The client went away, and with it whoever would have been answered.
        self.tell(GONE, Some("client_gone"), None);
        if self.counted {
            self.edge.in_flight.fetch_sub(1, Ordering::Relaxed);
            self.edge.meters.http.in_flight.add(-i64::from(!self.edge.idle));
        }
    }
}
