//! Closing a connection on somebody who is still sending, without losing the answer.
//!
//! A request may be answered before its body was read: it is too large, or nobody is signed in.
//! Closing then makes the kernel send a reset, and a reset throws away what the client has not
//! read yet — our answer. So such an answer says `Connection: close`, and after it a bounded rest
//! is read and thrown away.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::stall::Stalling;

/// So much is thrown away at most; who sends more is cut off.
const SURPLUS: usize = 16 * 1024 * 1024;
/// And so long is waited for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether a request of this connection was answered before its body was read.
#[derive(Clone, Default)]
pub(crate) struct Unread(Arc<AtomicBool>);

impl Unread {
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// A body that tells when it is dropped before its end.
    pub(crate) fn watch(&self, body: Incoming) -> Body {
        if body.is_end_stream() { Body::empty() } else { Body::new(Watched(body, self.clone())) }
    }
}

struct Watched(Incoming, Unread);

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if !self.0.is_end_stream() {
            self.1.0.store(true, Ordering::Relaxed);
        }
    }
}

/// A stream whose end is read out; see the module.
pub(crate) struct Lingering {
    stream: Stalling,
    unread: Unread,
    ending: Option<Ending>,
}

struct Ending {
    thrown: usize,
    patience: Pin<Box<Sleep>>,
}

impl Lingering {
    pub(crate) fn new(stream: Stalling, unread: Unread) -> Self {
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
