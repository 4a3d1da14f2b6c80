//! Requests that are long because their bodies are: the time limit counts from the last bytes.

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use hyper::body::Frame;
use tokio::time::Instant;

/// Who sends a long body is waited for as long as this in all, and then for this many bytes of each
/// second: the time limit starts again with each piece, and pieces can be small.
const PATIENCE: Duration = Duration::from_secs(30);
const BYTES_PER_S: u64 = 1024;

thread_local! {
    /// Set while a request is polled, read when the poll is over: never of two requests at once.
    static MOVED: Cell<bool> = const { Cell::new(false) };
}

/// Says, from within a handler that reads a long body, that some more of it has come: the time
/// limit of the request starts again.
pub fn still_moving() {
    MOVED.set(true);
}

/// The data of a long body, which breaks off when its sender is slower than anybody has to be. What
/// is done with a piece takes no time of theirs.
pub fn brisk(body: Body) -> BodyDataStream {
    let brisk = Brisk { body, bytes: 0, waited: Duration::ZERO, since: None };
    Body::new(brisk).into_data_stream()
}

struct Brisk {
    body: Body,
    bytes: u64,
    waited: Duration,
    since: Option<Instant>,
}

impl Brisk {
    fn is_slow(&self) -> bool {
        self.waited > PATIENCE && self.bytes < BYTES_PER_S * self.waited.as_secs()
    }
}

impl HttpBody for Brisk {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            self.since.get_or_insert_with(Instant::now);
            return Poll::Pending;
        };
        if let Some(since) = self.since.take() {
            self.waited += since.elapsed();
        }
        let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
        let Some(data) = data else { return Poll::Ready(frame) };
        self.bytes += data.len() as u64;
        let slow = self.is_slow().then(|| Err(axum::Error::new("the body came too slowly")));
        Poll::Ready(slow.or(frame))
    }
}

/// Whether the handler that was just polled said so.
pub(crate) fn took() -> bool {
    MOVED.take()
}

#[cfg(test)]
#[path = "moving_tests.rs"]
mod tests;
