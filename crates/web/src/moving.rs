//! Bodies that take their time. Of long ones the time limit of the request counts from the last
//! bytes; and nobody is waited for who sends nothing, or next to nothing.

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};

/// Who sends a long body is waited for as long as this in all, and then for this many bytes of each
/// second: the time limit starts again with each piece, and pieces can be small.
const PATIENCE: Duration = Duration::from_secs(30);
const BYTES_PER_S: u64 = 1024;
/// The same for bodies that are read whole before anything is done: meanwhile they hold a place of
/// those that work, for nothing.
const WHOLE_PATIENCE: Duration = Duration::from_secs(5);

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
    Body::new(Brisk::new(body, PATIENCE)).into_data_stream()
}

/// A body that is read whole, and breaks off as soon as its sender lets it wait for seconds.
pub fn prompt(body: Body) -> Body {
    Body::new(Brisk::new(body, WHOLE_PATIENCE))
}

/// Whether a body broke off because its sender was too slow.
pub(crate) fn is_late(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<Late>() {
            return true;
        }
        next = error.source();
    }
    false
}

/// The sender was too slow.
#[derive(Debug)]
struct Late;

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body came too slowly")
    }
}

impl Error for Late {}

struct Brisk {
    body: Body,
    patience: Duration,
    bytes: u64,
    waited: Duration,
    since: Option<Instant>,
    /// Rings when nothing at all has come for as long as there is patience. Most bodies have come
    /// with their heads and never need one.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Brisk {
    fn new(body: Body, patience: Duration) -> Self {
        Self { body, patience, bytes: 0, waited: Duration::ZERO, since: None, alarm: None }
    }

    fn is_slow(&self) -> bool {
        self.waited > self.patience && self.bytes < BYTES_PER_S * self.waited.as_secs()
    }

    /// Nothing has come yet; whether that is too long by now.
    fn wait(&mut self, cx: &mut Context<'_>) -> bool {
        let new = self.since.is_none();
        let since = *self.since.get_or_insert_with(Instant::now);
        let until = since + self.patience;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        if new {
            alarm.as_mut().reset(until);
        }
        alarm.as_mut().poll(cx).is_ready()
    }
}

impl HttpBody for Brisk {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let late = || Some(Err(axum::Error::new(Late)));
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            return if self.wait(cx) { Poll::Ready(late()) } else { Poll::Pending };
        };
        if let Some(since) = self.since.take() {
            self.waited += since.elapsed();
        }
        let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
        let Some(data) = data else { return Poll::Ready(frame) };
        self.bytes += data.len() as u64;
        Poll::Ready(if self.is_slow() { late() } else { frame })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Whether a handler said so since this was asked last on this thread.
pub(crate) fn took() -> bool {
    MOVED.take()
}

#[cfg(test)]
#[path = "moving_tests.rs"]
mod tests;
