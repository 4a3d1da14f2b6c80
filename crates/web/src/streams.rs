//! HTTP/2: many requests of one connection at once, and what bounds them.
//!
//! The protocol itself bounds how many there are, how large their heads are and how much may be
//! under way unread. Three things it leaves to us: a connection nobody uses, a client who takes
//! nothing of what is answered, and one who asks only to take back what they asked for (rapid
//! reset, CVE-2023-44487).

mod lying;

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::response::IntoResponse as _;
use http::{Request, StatusCode};
use hyper::body::{Buf, Frame, Incoming, SizeHint};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Notify;
use tokio::time::Instant;
use tower::Service;

pub(crate) use self::lying::Tasks;
use self::lying::{Lying, Task};
use crate::connection::{Connection, MAX_HEAD_BYTES, MAX_HEADERS};
use crate::listen::{Door, PeerAddr};
use crate::settings::Settings;
use crate::transport::Transport;

/// Requests of one connection at once.
const STREAMS: u32 = 128;
/// What a client may send ahead of being read: of one request, of all together.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// What is written ahead of being taken, of one answer; and the portions it is cut into.
const AHEAD: usize = 64 * 1024;
const PORTION: usize = 16 * 1024;
/// Requests taken back before an answer, and frames that made no sense, until it is enough.
const PENDING_RESETS: usize = 20;
const OWN_RESETS: usize = 256;
/// So many requests may lately have been given up before their answer was taken, if most were not.
const GIVEN_UP: usize = 100;
/// So many answers may lately have been ended because nobody took them; one more, and it is the
/// connection's turn.
const LEFT: usize = 8;

pub(crate) fn builder(settings: &Settings) -> http2::Builder<Tasks> {
    let mut http2 = http2::Builder::new(Tasks);
    http2
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(MAX_HEAD_BYTES as u32)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(AHEAD)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(OWN_RESETS)
        // Who is gone without a word is noticed, also while an answer is long in the making.
        .keep_alive_interval(settings.write_timeout())
        .keep_alive_timeout(settings.header_read_timeout());
    http2
}

/// Serves one connection to its end.
pub(crate) async fn serve(connection: Connection, stream: Transport) {
    let Connection { common, peer, mut watching, place: _place } = connection;
    let streams = Arc::new(Streams::default());
    let (router, all) = (common.router.clone(), Arc::clone(&streams));
    let service = service_fn(move |mut request: Request<Incoming>| {
        let visit = Visit::begin(&all);
        request.extensions_mut().insert(PeerAddr(peer));
        let answer = (request.headers().len() <= MAX_HEADERS).then(|| {
            let known = |body: Incoming| {
                if HttpBody::is_end_stream(&body) { Body::empty() } else { Body::new(body) }
            };
            router.clone().call(request.map(known))
        });
        async move {
            let response = match answer {
                Some(answer) => answer.await.unwrap_or_else(|never| match never {}),
                None => {
                    tracing::debug!("a head of too many headers was refused");
                    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response()
                }
            };
            Ok::<_, Infallible>(response.map(|body| Portions::of(body, visit)))
        }
    });
    let patience = common.write_patience;
    let beat = common.patience.min(patience);
    let (mut watch, mut next) = (Watch::default(), Instant::now() + beat);
    let connection = common.http2.serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut warned = false;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                }
                return;
            }
            () = streams.enough.notified() => {
                if warned {
                    return tracing::debug!("a connection that only gives up requests was cut off");
                }
                // What is under way may end; who goes on all the same is cut off.
                warned = true;
                connection.as_mut().graceful_shutdown();
            }
            moved = watching.changed() => {
                if moved.is_err() || *watching.borrow_and_update() == Door::Closed {
                    return;
                }
                connection.as_mut().graceful_shutdown();
            }
            () = tokio::time::sleep_until(next) => {
                next = Instant::now() + beat;
                streams.forget();
                if !streams.end_lying(patience) {
                    return tracing::debug!("a connection that leaves answers to lie was cut off");
                }
                match watch.look(&streams) {
                    Look::Fine => {}
                    Look::Idle => connection.as_mut().graceful_shutdown(),
                    Look::Enough => return,
                }
            }
        }
    }
}

/// What goes on in one connection.
#[derive(Default)]
struct Streams {
    open: AtomicUsize,
    begun: AtomicUsize,
    /// Lately, as the next: halved at each beat.
    asked: AtomicUsize,
    given_up: AtomicUsize,
    left: AtomicUsize,
    lying: Lying,
    enough: Notify,
}

impl Streams {
    /// What was long ago counts less.
    fn forget(&self) {
        for lately in [&self.asked, &self.given_up, &self.left] {
            lately.store(lately.load(Relaxed) / 2, Relaxed);
        }
    }

    /// Ends the answers that nobody takes; whether the connection may go on.
    fn end_lying(&self, patience: Duration) -> bool {
        let Some(ended) = self.lying.end(patience) else { return false };
        self.left.fetch_add(ended, Relaxed) + ended <= LEFT
    }
}

/// What a look at a connection finds, once in a while.
enum Look {
    Fine,
    /// Nobody used it: it is told to end.
    Idle,
    /// It has to end.
    Enough,
}

#[derive(Default)]
struct Watch {
    begun: usize,
    told: bool,
}

impl Watch {
    fn look(&mut self, streams: &Streams) -> Look {
        let begun = streams.begun.load(Relaxed);
        let unused = begun == std::mem::replace(&mut self.begun, begun);
        // What is answered may still be on its way.
        if !unused || streams.open.load(Relaxed) > 0 || !streams.lying.is_empty() {
            return Look::Fine;
        }
        // Told, and still there: nobody listens.
        if std::mem::replace(&mut self.told, true) { Look::Enough } else { Look::Idle }
    }
}

/// One request, from its head to the end of its answer.
struct Visit {
    streams: Arc<Streams>,
    number: usize,
    done: bool,
}

impl Visit {
    fn begin(streams: &Arc<Streams>) -> Self {
        streams.open.fetch_add(1, Relaxed);
        let number = streams.begun.fetch_add(1, Relaxed);
        streams.asked.fetch_add(1, Relaxed);
        Self { streams: Arc::clone(streams), number, done: false }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let streams = &self.streams;
        streams.open.fetch_sub(1, Relaxed);
        if !self.done {
            let given_up = streams.given_up.fetch_add(1, Relaxed) + 1;
            if given_up > GIVEN_UP && given_up * 2 > streams.asked.load(Relaxed) {
                streams.enough.notify_one();
            }
        }
    }
}

/// A piece of an answer. It is dropped when it is written, or its stream is gone.
struct Portion {
    bytes: Bytes,
    streams: Arc<Streams>,
    answer: usize,
}

impl Buf for Portion {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }
}

impl Drop for Portion {
    fn drop(&mut self) {
        self.streams.lying.remove(self.answer, !self.bytes.has_remaining());
    }
}

/// The body of an answer, in portions: what a client does not take stays here, uncut and uncopied,
/// instead of in the connection's buffers.
///
/// The end of one that has several comes after they were taken: without its task an answer could not
/// be ended alone. A single portion is so little that whoever wants any takes it.
struct Portions {
    body: Body,
    rest: Bytes,
    handed_out: usize,
    task: Option<Task>,
    visit: Visit,
}

impl Portions {
    /// In the task that serves the request.
    fn of(body: Body, mut visit: Visit) -> Self {
        visit.done = body.is_end_stream();
        Self { body, rest: Bytes::new(), handed_out: 0, task: lying::task(), visit }
    }

    fn portion(&mut self) -> Frame<Portion> {
        let bytes = self.rest.split_to(self.rest.len().min(PORTION));
        self.handed_out += 1;
        if self.is_all() {
            self.over();
        }
        Frame::data(self.hand_out(bytes))
    }

    fn hand_out(&self, bytes: Bytes) -> Portion {
        let (streams, answer) = (Arc::clone(&self.visit.streams), self.visit.number);
        streams.lying.add(answer, self.task.as_ref());
        Portion { bytes, streams, answer }
    }

    /// Whether everything was handed out.
    fn is_all(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    /// There is nothing more to come. What the body holds is let go of, however long it takes the
    /// client to take the last of it.
    fn over(&mut self) {
        self.visit.done = true;
        self.body = Body::empty();
    }
}

impl HttpBody for Portions {
    type Data = Portion;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Portion>, axum::Error>>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(self.portion())));
        }
        if !self.body.is_end_stream() {
            let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => {
                    self.rest = data;
                    return Poll::Ready(Some(Ok(self.portion())));
                }
                // Trailers are the last there is; a body that breaks off is no doing of the client's.
                Some(Ok(Err(other))) => {
                    self.visit.done = true;
                    return Poll::Ready(Some(Ok(other.map_data(|bytes| self.hand_out(bytes)))));
                }
                Some(Err(error)) => {
                    self.visit.done = true;
                    return Poll::Ready(Some(Err(error)));
                }
                None => self.over(),
            }
        }
        let visit = &self.visit;
        if self.handed_out > 1 && visit.streams.lying.awaits(visit.number, cx) {
            return Poll::Pending;
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.is_all() && self.handed_out < 2
    }

    fn size_hint(&self) -> SizeHint {
        let (more, mut hint) = (self.rest.len() as u64, self.body.size_hint());
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + more);
        }
        hint.set_lower(hint.lower() + more);
        hint
    }
}

#[cfg(test)]
#[path = "streams_tests.rs"]
pub(crate) mod tests;
