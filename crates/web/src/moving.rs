//! Bodies that take their time. Of long ones the time limit of the request counts from the last
//! bytes; and nobody is waited for who sends nothing, or next to nothing, or lets us wait for too
//! many at once.

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use crate::awaited::{Sender, Waiting};
use crate::current::CURRENT;

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

/// A body that is read whole, and breaks off as soon as its sender lets it wait for seconds. Both have
/// to be asked for within the request, which says who sends.
pub fn prompt(body: Body) -> Body {
    Body::new(Brisk::new(body, WHOLE_PATIENCE))
}

/// Why a body broke off, if we did it.
pub(crate) fn broken(error: &(dyn Error + 'static)) -> Option<Broken> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(broken) = error.downcast_ref::<Broken>() {
            return Some(*broken);
        }
        next = error.source();
    }
    None
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The sender was too slow.
    Late,
    /// It would have to be waited for, and too many are.
    Crowded,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Late => "the body came too slowly",
            Self::Crowded => "too many bodies are awaited",
        })
    }
}

impl Error for Broken {}

struct Brisk {
    body: Body,
    patience: Duration,
    bytes: u64,
    waited: Duration,
    since: Option<Instant>,
    /// Rings when nothing at all has come for as long as there is patience. Most bodies have come
    /// with their heads and never need one.
    alarm: Option<Pin<Box<Sleep>>>,
    /// None where there is no edge.
    sender: Option<Sender>,
    /// From the first moment in which nothing had come to the end of the body: who sends bit by bit
    /// lets us wait as well.
    waiting: Option<Waiting>,
}

impl Brisk {
    fn new(body: Body, patience: Duration) -> Self {
        let sender = CURRENT.try_with(|current| current.sender.clone()).ok().flatten();
        let waited = Duration::ZERO;
        Self { body, patience, bytes: 0, waited, since: None, alarm: None, sender, waiting: None }
    }

    fn is_slow(&self) -> bool {
        self.waited > self.patience && self.bytes < BYTES_PER_S * self.waited.as_secs()
    }

    /// Nothing has come yet; whether that is too much by now.
    fn wait(&mut self, cx: &mut Context<'_>) -> Option<Broken> {
        if let (None, Some(sender)) = (&self.waiting, &self.sender) {
            let Some(waiting) = sender.wait_for() else { return Some(Broken::Crowded) };
            self.waiting = Some(waiting);
        }
        let new = self.since.is_none();
        let since = *self.since.get_or_insert_with(Instant::now);
        let until = since + self.patience;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        if new {
            alarm.as_mut().reset(until);
        }
        alarm.as_mut().poll(cx).is_ready().then_some(Broken::Late)
    }
}

impl HttpBody for Brisk {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let broken = |why: Broken| Poll::Ready(Some(Err(axum::Error::new(why))));
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            return self.wait(cx).map_or(Poll::Pending, broken);
        };
        if let Some(since) = self.since.take() {
            self.waited += since.elapsed();
        }
        let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
        let Some(data) = data else {
            // The end, one way or another.
            self.waiting = None;
            return Poll::Ready(frame);
        };
        self.bytes += data.len() as u64;
        if self.is_slow() { broken(Broken::Late) } else { Poll::Ready(frame) }
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
