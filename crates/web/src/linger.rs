//! Closing a connection on somebody who is still sending, without losing the answer.
//!
//! A request may be answered before its body was read: it is too large, or nobody is signed in.
//! Closing then makes the kernel send a reset, and a reset throws away what the client has not
//! read yet — our answer. So such an answer says `Connection: close`, and after it a bounded rest
//! is read and thrown away.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::transport::Transport;

/// So much is thrown away at most; who sends more is cut off.
const SURPLUS: usize = 16 * 1024 * 1024;
/// And so long is waited for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// A body up to this size is read after all when it was not: it has mostly come with the head, and
/// a new connection costs both sides more. Who is refused often comes back.
const SMALL: u64 = 64 * 1024;
/// And so long is waited for it.
const MOMENT: Duration = Duration::from_millis(20);
/// What is refused for want of room is answered before anything more is read: each turn of this
/// connection comes after all that is ready. A body up to this size has come with its head, or will
/// have by the next turn, in which it is thrown away.
const HANDFUL: u64 = 4 * 1024;

/// Whether a request of this connection was answered before its body was read.
#[derive(Clone, Default)]
pub(crate) struct Unread(Arc<Left>);

#[derive(Default)]
struct Left {
    unread: AtomicBool,
    /// The answer is there: what is dropped now was not waited for.
    answered: AtomicBool,
    small: Mutex<Option<Incoming>>,
}

impl Unread {
    pub(crate) fn get(&self) -> bool {
        self.0.unread.load(Ordering::Relaxed)
    }

    /// A body that tells when it is dropped before its end. One that waits to be asked for is not
    /// asked for by us.
    pub(crate) fn watch(&self, body: Incoming, waits: bool) -> Body {
        // Where another request came, the body before it was thrown away.
        self.0.unread.store(false, Ordering::Relaxed);
        self.0.answered.store(false, Ordering::Relaxed);
        if body.is_end_stream() {
            return Body::empty();
        }
        let small = !waits && body.size_hint().upper().is_some_and(|most| most <= SMALL);
        Body::new(Watched { body: Some(body), small, unread: self.clone() })
    }

    /// After an answer: whether the connection has to be closed, because there is more to come than
    /// is worth reading, or than is waited for.
    pub(crate) async fn settle(&self, refused: bool) -> bool {
        self.0.answered.store(true, Ordering::Relaxed);
        let left = self.0.small.lock().ok().and_then(|mut left| left.take());
        match left {
            Some(body) if refused => {
                let handful = body.size_hint().upper().is_some_and(|most| most <= HANDFUL);
                self.0.unread.store(true, Ordering::Relaxed);
                return !handful;
            }
            Some(body) => Box::pin(self.read(body)).await,
            None => {}
        }
        self.get()
    }

    async fn read(&self, mut body: Incoming) {
        let end = std::future::poll_fn(|cx| {
            loop {
                match ready!(Pin::new(&mut body).poll_frame(cx)) {
                    Some(Ok(_)) => {}
                    Some(Err(_)) => return Poll::Ready(false),
                    None => return Poll::Ready(true),
                }
            }
        });
        if !tokio::time::timeout(MOMENT, end).await.unwrap_or(false) {
            self.0.unread.store(true, Ordering::Relaxed);
        }
    }
}

struct Watched {
    /// Until it is dropped.
    body: Option<Incoming>,
    small: bool,
    unread: Unread,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(HttpBody::size_hint).unwrap_or_default()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) else { return };
        let left = &*self.unread.0;
        let small = self.small && !left.answered.load(Ordering::Relaxed);
        match (small, left.small.lock()) {
            (true, Ok(mut place)) => *place = Some(body),
            _ => left.unread.store(true, Ordering::Relaxed),
        }
    }
}

/// A stream whose end is read out; see the module.
pub(crate) struct Lingering {
    stream: Transport,
    unread: Unread,
    ending: Option<Ending>,
}

struct Ending {
    thrown: usize,
    patience: Pin<Box<Sleep>>,
}

impl Lingering {
    pub(crate) fn new(stream: Transport, unread: Unread) -> Self {
        Self { stream, unread, ending: None }
    }
}

impl AsyncRead for Lingering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.ending.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            if !this.unread.get() {
                return Poll::Ready(Ok(()));
            }
        }
        let ending = this.ending.get_or_insert_with(|| Ending {
            thrown: 0,
            patience: Box::pin(tokio::time::sleep(PATIENCE)),
        });
        let mut bytes = [0; 16 * 1024];
        while ending.thrown <= SURPLUS {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut this.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    ending.thrown += buffer.filled().len();
                }
                Poll::Pending => return ending.patience.as_mut().poll(cx).map(Ok),
                // The end, or a client that is gone.
                Poll::Ready(_) => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}
