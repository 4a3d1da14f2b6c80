//! HTTP/2: many requests of one connection at once, and what bounds them.
//!
//! The protocol itself bounds how many there are, how large their heads are and how much may be
//! under way unread. Three things it leaves to us: a connection nobody uses, a client who takes
//! nothing of what is answered, and one who asks only to take back what they asked for (rapid
//! reset, CVE-2023-44487).

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
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::sync::Notify;
use tokio::time::Instant;
use tower::Service;

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
/// A portion is waited for through so many rounds, each as long as there is patience with a client
/// who takes nothing at all: a slow line has many answers to share itself among.
const ROUNDS: usize = 5;

pub(crate) fn builder(settings: &Settings) -> http2::Builder<TokioExecutor> {
    let mut http2 = http2::Builder::new(TokioExecutor::new());
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
                None => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response(),
            };
            Ok::<_, Infallible>(response.map(|body| Portions::of(body, visit)))
        }
    });
    let (beat, round) = (common.patience.min(common.write_patience), common.write_patience);
    let (mut watch, mut next) = (Watch::new(round), Instant::now() + beat);
    let mut turn = Instant::now() + round;
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
            () = tokio::time::sleep_until(next.min(turn)) => {
                let now = Instant::now();
                if now >= turn {
                    turn = now + round;
                    if !streams.turn() {
                        return tracing::debug!("a connection that leaves answers lie was cut off");
                    }
                }
                if now < next {
                    continue;
                }
                next = now + beat;
                streams.forget();
                match watch.look(&streams, beat) {
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
    /// Portions that are not written yet, by the round in which they were handed out: the oldest one
    /// counts, or who takes other answers could let as many lie as they like, for as long as they
    /// like. No more is kept of each.
    lying: [AtomicUsize; ROUNDS],
    round: AtomicUsize,
    /// Portions that were written.
    taken: AtomicUsize,
    enough: Notify,
}

impl Streams {
    /// What was long ago counts less.
    fn forget(&self) {
        for lately in [&self.asked, &self.given_up] {
            lately.store(lately.load(Relaxed) / 2, Relaxed);
        }
    }

    /// The next round begins; whether nothing lies there since the last time it was its turn.
    fn turn(&self) -> bool {
        let next = (self.round.load(Relaxed) + 1) % ROUNDS;
        self.round.store(next, Relaxed);
        self.lying[next].load(Relaxed) == 0
    }

    /// Whether something awaits that the client takes it.
    fn is_awaiting(&self) -> bool {
        self.lying.iter().any(|lying| lying.load(Relaxed) > 0)
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

struct Watch {
    begun: usize,
    taken: usize,
    stuck: Duration,
    patience: Duration,
    told: bool,
}

impl Watch {
    const fn new(patience: Duration) -> Self {
        Self { begun: 0, taken: 0, stuck: Duration::ZERO, patience, told: false }
    }

    /// `beat` after the last one.
    fn look(&mut self, streams: &Streams, beat: Duration) -> Look {
        let (begun, taken) = (streams.begun.load(Relaxed), streams.taken.load(Relaxed));
        let (unused, unmoved) = (begun == self.begun, taken == self.taken);
        (self.begun, self.taken) = (begun, taken);
        // What is answered may still be on its way.
        if streams.open.load(Relaxed) == 0 && !streams.is_awaiting() {
            self.stuck = Duration::ZERO;
            return match (unused, self.told) {
                (false, _) => Look::Fine,
                // Told, and still there: nobody listens.
                (true, true) => Look::Enough,
                (true, false) => {
                    self.told = true;
                    Look::Idle
                }
            };
        }
        self.stuck = match streams.is_awaiting() && unmoved {
            true => self.stuck + beat,
            false => Duration::ZERO,
        };
        if self.stuck > self.patience { Look::Enough } else { Look::Fine }
    }
}

/// One request, from its head to the end of its answer.
struct Visit {
    streams: Arc<Streams>,
    done: bool,
}

impl Visit {
    fn begin(streams: &Arc<Streams>) -> Self {
        streams.open.fetch_add(1, Relaxed);
        streams.begun.fetch_add(1, Relaxed);
        streams.asked.fetch_add(1, Relaxed);
        Self { streams: Arc::clone(streams), done: false }
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
    round: usize,
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
        self.streams.lying[self.round].fetch_sub(1, Relaxed);
        self.streams.taken.fetch_add(1, Relaxed);
    }
}

/// The body of an answer, in portions: what a client does not take stays here, uncut and uncopied,
/// instead of in the connection's buffers.
struct Portions {
    body: Body,
    rest: Bytes,
    visit: Visit,
}

impl Portions {
    fn of(body: Body, mut visit: Visit) -> Self {
        visit.done = body.is_end_stream();
        Self { body, rest: Bytes::new(), visit }
    }

    fn portion(&mut self) -> Frame<Portion> {
        let bytes = self.rest.split_to(self.rest.len().min(PORTION));
        self.visit.done = self.is_end_stream();
        Frame::data(self.handed_out(bytes))
    }

    fn handed_out(&self, bytes: Bytes) -> Portion {
        let streams = Arc::clone(&self.visit.streams);
        let round = streams.round.load(Relaxed);
        streams.lying[round].fetch_add(1, Relaxed);
        Portion { bytes, streams, round }
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
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(match frame.map(|frame| frame.map(Frame::into_data)) {
            Some(Ok(Ok(data))) => {
                self.rest = data;
                Some(Ok(self.portion()))
            }
            // Trailers are the last there is; a body that breaks off is no doing of the client's.
            Some(Ok(Err(other))) => {
                self.visit.done = true;
                Some(Ok(other.map_data(|bytes| self.handed_out(bytes))))
            }
            Some(Err(error)) => {
                self.visit.done = true;
                Some(Err(error))
            }
            None => {
                self.visit.done = true;
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
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
