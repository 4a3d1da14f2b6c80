//! A WebSocket's bytes: what is read from it, and what waits to be written to it.
//!
//! A [`Pen`] writes, the connection's own task reads — and writes where the client has not taken
//! everything at once, for it is woken when there is room again.

use std::io::{self, IoSlice, Read, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frame::Frame;
use super::pen::Pen;
use super::queue::Queue;
use super::session::{Full, SPARE};

/// Frames written with one call.
const AT_ONCE: usize = 32;

pub(super) struct Pipe {
    line: Mutex<Line>,
    pen: Arc<Pen>,
    /// Frames that wait, at most.
    most: usize,
}

struct Line {
    /// None when it is over.
    stream: Option<TokioIo<Upgraded>>,
    /// The task that reads.
    reader: Waker,
    waiting: Waiting,
    state: State,
    /// A pen will come by, or the reader will when there is room.
    awaited: bool,
}

/// What waits to be written.
#[derive(Default)]
struct Waiting {
    queue: Queue,
    /// Bytes of the first that are written already.
    written: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Nothing is added; it ends when everything is written.
    Ending,
    Broken,
}

impl Pipe {
    pub(super) fn new(stream: TokioIo<Upgraded>, pen: Arc<Pen>, most: usize) -> Arc<Self> {
        let line = Line {
            stream: Some(stream),
            reader: Waker::noop().clone(),
            waiting: Waiting::default(),
            state: State::Open,
            awaited: false,
        };
        Arc::new(Self { line: Mutex::new(line), pen, most })
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a frame into the queue.
    ///
    /// # Errors
    /// When there is no room for it: the client is slow, or gone.
    pub(super) fn send(self: &Arc<Self>, frame: Frame) -> Result<(), Full> {
        self.send_if(frame, |queue| queue.has_room(self.most))
    }

    /// The same, where it `fits` what waits already.
    pub(super) fn send_if(
        self: &Arc<Self>,
        frame: Frame,
        fits: impl FnOnce(&Queue) -> bool,
    ) -> Result<(), Full> {
        let mut line = self.lock();
        if line.state != State::Open || !fits(&line.waiting.queue) {
            return Err(Full);
        }
        line.waiting.queue.push(frame);
        self.call(line);
        Ok(())
    }

    /// Puts into the queue what waited for a client that polled.
    pub(super) fn adopt(self: &Arc<Self>, queue: Queue) {
        let mut line = self.lock();
        if line.state != State::Open || queue.is_empty() {
            return;
        }
        line.waiting.queue.append(queue);
        self.call(line);
    }

    /// Adds nothing more after `last`, and ends when all of it is written.
    pub(super) fn end(self: &Arc<Self>, last: &[Frame]) {
        let mut line = self.lock();
        if line.state != State::Open {
            return;
        }
        line.state = State::Ending;
        for frame in last {
            line.waiting.queue.push(frame.clone());
        }
        self.call(line);
    }

    /// Sees to it that somebody writes.
    fn call(self: &Arc<Self>, mut line: MutexGuard<'_, Line>) {
        if !std::mem::replace(&mut line.awaited, true) {
            drop(line);
            self.pen.note(Arc::clone(self));
        }
    }

    pub(super) fn has_room(&self, most: usize) -> bool {
        let line = self.lock();
        line.state == State::Open && line.waiting.queue.has_room(most)
    }

    /// Writes what the client takes.
    pub(super) fn write(&self) {
        self.lock().write();
    }

    /// The task of `cx` reads from now on; what could not be written before is.
    pub(super) fn attend(&self, cx: &Context<'_>) {
        let mut line = self.lock();
        if !line.reader.will_wake(cx.waker()) {
            line.reader = cx.waker().clone();
        }
        if line.awaited {
            line.write();
        }
    }

    /// Ready when everything is written and the client was told that nothing follows.
    pub(super) fn poll_finish(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.attend(cx);
        let mut line = self.lock();
        if line.state == State::Broken {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if line.awaited {
            return Poll::Pending;
        }
        match &mut line.stream {
            Some(stream) => Pin::new(stream).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    /// Nothing is read or written any more: the connection is closed, whoever still knows of it.
    pub(super) fn let_go(&self) {
        let mut line = self.lock();
        line.state = State::Broken;
        line.waiting = Waiting::default();
        line.stream = None;
    }
}

impl Line {
    /// Writes until nothing waits or there is no room; then the reader is woken when there is.
    fn write(&mut self) {
        let Some(stream) = self.stream.as_mut().filter(|_| self.state != State::Broken) else {
            return;
        };
        let cx = &mut Context::from_waker(&self.reader);
        match self.waiting.poll_write(Pin::new(stream), cx) {
            Poll::Ready(Ok(())) => self.awaited = false,
            Poll::Ready(Err(_)) => self.fail(),
            Poll::Pending => self.awaited = true,
        }
    }

    /// The reader learns by reading what became of it.
    fn fail(&mut self) {
        self.state = State::Broken;
        self.waiting = Waiting::default();
        self.awaited = false;
        self.reader.wake_by_ref();
    }
}

impl Waiting {
    fn poll_write(
        &mut self,
        mut stream: Pin<&mut TokioIo<Upgraded>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while let Some(first) = self.queue.first() {
            let rest = first.on_the_wire().get(self.written..).unwrap_or_default();
            let taken = if self.queue.len() == 1 {
                ready!(stream.as_mut().poll_write(cx, rest))?
            } else {
                let mut slices = [IoSlice::new(&[]); AT_ONCE];
                let others = self.queue.iter().skip(1).map(Frame::on_the_wire);
                let mut count = 0;
                for (slice, bytes) in slices.iter_mut().zip(std::iter::once(rest).chain(others)) {
                    *slice = IoSlice::new(bytes);
                    count += 1;
                }
                let slices = slices.get(..count).unwrap_or_default();
                ready!(stream.as_mut().poll_write_vectored(cx, slices))?
            };
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.advance(taken);
        }
        self.queue.shrink();
        stream.poll_flush(cx)
    }

    /// So many bytes more are written.
    fn advance(&mut self, bytes: usize) {
        self.written += bytes;
        while let Some(first) = self.queue.first() {
            let length = first.on_the_wire().len();
            if self.written < length {
                break;
            }
            self.written -= length;
            self.queue.pop();
        }
    }
}

/// The reader's hold of a pipe, for a library that reads and answers by itself.
pub(super) struct Hold(pub(super) Arc<Pipe>);

impl Read for Hold {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut line = self.0.lock();
        let Line { stream: Some(stream), reader, state: State::Open | State::Ending, .. } =
            &mut *line
        else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let mut buffer = ReadBuf::new(buffer);
        match Pin::new(stream).poll_read(&mut Context::from_waker(reader), &mut buffer) {
            Poll::Ready(Ok(())) => Ok(buffer.filled().len()),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

/// Answers to pings, and the answer to a close: whole frames, which go behind what waits.
impl Write for Hold {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Who takes nothing is not owed an answer, and is no worse for it.
        let places = self.0.most + SPARE;
        let _ = self.0.send_if(Frame::raw(bytes), |queue| queue.has_place(places));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
