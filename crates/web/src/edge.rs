//! The one layer around every route. Eight small layers would box the request eight times; this
//! is one future with its duties: request id, overload guard, CORS, credentials in the address,
//! time limit, panics, headers, the log line, and the span.

mod in_flight;

use std::convert::Infallible;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody as _};
use axum::response::Response;
use http::{HeaderName, HeaderValue, Request, StatusCode, header};
use pin_project_lite::pin_project;
use telemetry::{Meters, Span, SpanKind};
use tokio::task::futures::TaskLocalFuture;
use tokio::time::Sleep;
use tower::{Layer, Service};
use types::{Error, ErrorKind, Shortage};

use self::in_flight::InFlight;
use crate::awaited::Awaited;
use crate::client::TrustedProxies;
use crate::current::{CURRENT, Current, Ids, RequestId, X_REQUEST_ID};
use crate::headers::{self, X_RESPONSE_TIME};
use crate::moving;
use crate::origin::{self, Origins};
use crate::problem::{ErrorCode, Refused, render};
use crate::refuse::credential_in_query;
use crate::settings::Settings;
use crate::shed::Shed;

/// Where a caller is in a trace (W3C Trace Context).
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Where anybody may send a body without being known, and more than anybody needs for it: a passkey's
/// attestation and the metadata of an organization may have 64 KiB by themselves.
const SIGN_IN: &str = "/v1/auth/";
const SIGN_IN_BYTES: usize = 128 * 1024;

/// What the edge is made of; [`Edge::layer`] puts it around a router.
pub struct Edge {
    timeout: Duration,
    slow: Duration,
    body_limit: usize,
    max_in_flight: usize,
    in_flight: AtomicUsize,
    awaited: Arc<Awaited>,
    shed: Shed,
    uncounted: &'static [&'static str],
    idle: bool,
    origins: Origins,
    proxies: TrustedProxies,
    standing: Vec<(HeaderName, HeaderValue)>,
    ids: Ids,
    meters: Arc<Meters>,
}

impl Edge {
    /// An edge with these limits. `origins` are the pages that may call; see [`Origins`].
    #[must_use]
    pub fn new(settings: &Settings, origins: Origins) -> Self {
        Self {
            timeout: settings.request_timeout(),
            slow: settings.slow_request(),
            body_limit: settings.body_limit_bytes,
            max_in_flight: settings.max_in_flight,
            in_flight: AtomicUsize::new(0),
            awaited: Arc::new(Awaited::new(settings.max_in_flight)),
            shed: Shed::default(),
            uncounted: &[],
            idle: false,
            origins,
            proxies: TrustedProxies::new(&settings.trusted_proxies),
            standing: headers::standing(false),
            ids: Ids::counted(),
            meters: Arc::default(),
        }
    }

    /// Tells browsers to stay on https, if that is where the public lives.
    #[must_use]
    pub fn public_url(mut self, url: &str) -> Self {
        self.standing = headers::standing(url.starts_with("https://"));
        self
    }

    /// Who is refused while there is too much to do; without it nobody is.
    #[must_use]
    pub fn shedding(mut self, shed: Shed) -> Self {
        self.shed = shed;
        self
    }

    /// Paths that are answered however busy it is, and take no place: an orchestrator must not kill
    /// what is only loaded.
    #[must_use]
    pub fn uncounted(mut self, paths: &'static [&'static str]) -> Self {
        self.uncounted = paths;
        self
    }

    /// Requests here wait for something to happen: each takes a place, and none is counted as being
    /// worked on.
    #[must_use]
    pub fn idle(mut self) -> Self {
        self.idle = true;
        self
    }

    /// Hands in where request ids come from; without it they are counted.
    #[must_use]
    pub fn request_ids(mut self, make: Arc<dyn Fn() -> String + Send + Sync>) -> Self {
        self.ids = Ids::Given(make);
        self
    }

    /// Counts requests there; without it nobody learns of them.
    #[must_use]
    pub fn meters(mut self, meters: &Arc<Meters>) -> Self {
        self.meters = Arc::clone(meters);
        self
    }

    /// The finished layer: `router.layer(edge)`, after all routes and fallbacks.
    #[must_use]
    pub fn layer(self) -> EdgeLayer {
        EdgeLayer(Arc::new(self))
    }

    /// The span of a request, where anybody takes spans: below that of whoever calls, if it may say so.
    fn span<B>(&self, request: &Request<B>) -> Option<Span> {
        let traces = &self.meters.traces;
        if !traces.are_on() {
            return None;
        }
        let mut above = request.headers().get_all(&TRACEPARENT).iter();
        // Of two nobody knows which one is meant.
        let above = above.next().filter(|_| above.next().is_none());
        let above = above.filter(|_| self.proxies.may_trace(request.extensions()));
        traces.begin("request", SpanKind::Server, above.and_then(|above| above.to_str().ok()))
    }

    /// How much of a body is read, unless the route says otherwise.
    fn body_limit(&self, path: &str) -> usize {
        if path.starts_with(SIGN_IN) { self.body_limit.min(SIGN_IN_BYTES) } else { self.body_limit }
    }

    /// What can be answered without asking the router.
    fn answer_early<B>(
        &self,
        request: &Request<B>,
        id: &str,
        refused: Option<(Shortage, u32)>,
    ) -> Option<Response> {
        // First, since it costs nothing: a browser that is refused here blames the other page.
        if self.origins.any() && origin::is_preflight(request.method(), request.headers()) {
            return Some(self.preflight(request, id));
        }
        if let Some((shortage, seconds)) = refused {
            let error = Error::overloaded("The server is busy; try again in a moment.");
            let error = error.short_of(shortage).retry_after(seconds);
            let mut response = render(&error, "overloaded", id);
            response.extensions_mut().insert(Refused);
            return Some(response);
        }
        let error = credential_in_query(request.uri().query()?)?;
        Some(render(&error, error.code(), id))
    }

    /// Whether this request takes a place; if there is none for it, why, and seconds after which to
    /// come back.
    fn admit<B>(&self, request: &Request<B>) -> (bool, Option<(Shortage, u32)>) {
        if self.uncounted.contains(&request.uri().path()) {
            return (false, None);
        }
        if let Some(seconds) = self.shed.refuses(request.method()) {
            return (false, Some((Shortage::Wait, seconds)));
        }
        if self.in_flight.fetch_add(1, Ordering::Relaxed) >= self.max_in_flight {
            self.in_flight.fetch_sub(1, Ordering::Relaxed);
            return (false, Some((Shortage::InFlight, 1)));
        }
        self.meters.http.in_flight.add(i64::from(!self.idle));
        (true, None)
    }

    fn preflight<B>(&self, request: &Request<B>, id: &str) -> Response {
        let origin = request.headers().get(header::ORIGIN).map(HeaderValue::as_bytes);
        if !origin.is_some_and(|origin| self.origins.allows(origin)) {
            let error = Error::new(
                ErrorKind::Forbidden,
                "invalid_origin",
                "Pages of this origin may not call this server; an operator can allow it in \
                 `cors_origins`.",
            );
            return render(&error, error.code(), id);
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        origin::grant_preflight(response.headers_mut());
        response
    }
}

/// The edge as a tower layer; cheap to clone, and all clones count together.
#[derive(Clone)]
pub struct EdgeLayer(Arc<Edge>);

impl EdgeLayer {
    /// Requests being worked on right now.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.in_flight.load(Ordering::Relaxed)
    }
}

impl<S> Layer<S> for EdgeLayer {
    type Service = EdgeService<S>;

    fn layer(&self, inner: S) -> EdgeService<S> {
        EdgeService { edge: Arc::clone(&self.0), inner }
    }
}

/// A service behind the edge.
#[derive(Clone)]
pub struct EdgeService<S> {
    edge: Arc<Edge>,
    inner: S,
}

impl<S> Service<Request<Body>> for EdgeService<S>
where
    S: Service<Request<Body>, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = EdgeFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let edge = &self.edge;
        let started = Instant::now();
        let believed = || edge.proxies.may_name(request.extensions());
        let (id, id_header) = edge.ids.take(request.headers(), believed);
        let span = edge.span(&request);
        let visited = match &span {
            Some(span) => telemetry::Current::traced(Some(Arc::clone(&id)), span),
            None => telemetry::Current::new(Arc::clone(&id)),
        };
        let place = InFlight::take(edge, &request, started, (&visited, span));
        let origin = request.headers().get(header::ORIGIN);
        let visit = Visit {
            id: Arc::clone(&id),
            id_header,
            origin: origin.filter(|origin| edge.origins.allows(origin.as_bytes())).cloned(),
        };

        let early = edge.answer_early(&request, &id, place.refused);
        let state = if let Some(response) = early {
            State::Answered { response: Some(response) }
        } else {
            let client = edge.proxies.client(request.extensions(), request.headers());
            if let Some(client) = client {
                request.extensions_mut().insert(client);
            }
            let sender = (!request.body().is_end_stream()).then(|| edge.awaited.sender(client));
            request.extensions_mut().insert(RequestId(Arc::clone(&id)));
            let body_limit = edge.body_limit(request.uri().path());
            let current = Current { request_id: Arc::clone(&id), body_limit, sender };
            // A service may panic before it hands out its future.
            let inner = &mut self.inner;
            let called = catch_unwind(AssertUnwindSafe(|| {
                CURRENT.sync_scope(current.clone(), || visited.run(|| inner.call(request)))
            }));
            match called {
                Ok(future) => {
                    let future = visited.scope(future);
                    State::Working { future: CURRENT.scope(current, future) }
                }
                Err(_) => State::Answered { response: Some(panicked(&id)) },
            }
        };
        EdgeFuture { state, deadline: None, visit: Some(visit), place }
    }
}

/// What is remembered of a request until it is answered.
struct Visit {
    id: Arc<str>,
    id_header: HeaderValue,
    origin: Option<HeaderValue>,
}

impl Visit {
    fn finish(self, place: &mut InFlight, mut response: Response) -> Response {
        let code = response.extensions().get::<ErrorCode>();
        let shortage = response.extensions().get::<Shortage>().copied();
        let status = response.status().as_u16();
        let elapsed = place.tell(status, code.map(|code| &*code.0), shortage);
        let edge = &place.edge;
        let headers = response.headers_mut();
        headers::complete(headers, &edge.standing);
        headers.insert(X_REQUEST_ID, self.id_header);
        headers.insert(X_RESPONSE_TIME, headers::response_time(elapsed));
        if edge.origins.any() {
            headers.append(header::VARY, HeaderValue::from_static("origin"));
        }
        if let Some(origin) = self.origin {
            origin::grant(headers, origin);
        }
        response
    }
}

pin_project! {
    /// The future of [`EdgeService`].
    pub struct EdgeFuture<F> {
        #[pin]
        state: State<F>,
        #[pin]
        deadline: Option<Sleep>,
        visit: Option<Visit>,
        place: InFlight,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Working { #[pin] future: TaskLocalFuture<Current, TaskLocalFuture<telemetry::Current, F>> },
        Answered { response: Option<Response> },
    }
}

impl<F> Future for EdgeFuture<F>
where
    F: Future<Output = Result<Response, Infallible>>,
{
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let id = this.visit.as_ref().map_or("", |visit| &visit.id);
        let response = match this.state.project() {
            StateProjection::Answered { response } => response.take().unwrap_or_default(),
            StateProjection::Working { future } => {
                // What another request said that was answered at once.
                moving::took();
                match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
                    Ok(Poll::Ready(Ok(response))) => response,
                    Ok(Poll::Pending) => {
                        if moving::took() {
                            this.deadline.set(None);
                        }
                        // Most requests are answered at the first poll and never need a timer.
                        if this.deadline.is_none() {
                            this.deadline
                                .as_mut()
                                .set(Some(tokio::time::sleep(this.place.edge.timeout)));
                        }
                        if let Some(deadline) = this.deadline.as_pin_mut()
                            && deadline.poll(cx).is_pending()
                        {
                            return Poll::Pending;
                        }
                        timed_out(id)
                    }
                    // What a panic says may quote whatever was being worked on.
                    Err(_) => panicked(id),
                }
            }
        };
        Poll::Ready(Ok(match this.visit.take() {
            Some(visit) => visit.finish(this.place, response),
            None => response,
        }))
    }
}

fn timed_out(id: &str) -> Response {
    let error = Error::new(
        ErrorKind::Overloaded,
        "timeout",
        "The request took too long and was given up; try again later, or ask for less.",
    )
    .retry_after(1);
    render(&error, error.code(), id)
}

/// Where it was is logged by the process's hook.
fn panicked(id: &str) -> Response {
    let error = Error::internal("panic");
    render(&error, error.code(), id)
}

#[cfg(test)]
#[path = "edge_tests.rs"]
mod tests;
