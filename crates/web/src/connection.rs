//! One connection: over TLS or not, by HTTP/1.1 or HTTP/2.
//!
//! What most of them are, HTTP/1.1 behind a proxy, is all that the task of one has room for; TLS
//! and HTTP/2 lie in boxes of their own.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::{HeaderValue, header};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tower::Service;

use crate::linger::{Lingering, Unread};
use crate::listen::{Door, PeerAddr};
use crate::problem::Refused;
use crate::settings::Settings;
use crate::stall::Stalling;
use crate::streams;
use crate::tls::{HTTP2, Tls};
use crate::transport::Transport;

/// The largest request head: address and all headers.
pub(crate) const MAX_HEAD_BYTES: usize = 64 * 1024;
pub(crate) const MAX_HEADERS: usize = 100;

/// What all connections of a listener have in common.
pub(crate) struct Common {
    http1: http1::Builder,
    pub(crate) http2: http2::Builder<streams::Tasks>,
    pub(crate) router: Router,
    tls: Option<Tls>,
    /// For a head to come, a handshake to be over, a connection to be used again.
    pub(crate) patience: Duration,
    /// For a client who takes nothing of what is written.
    pub(crate) write_patience: Duration,
}

impl Common {
    pub(crate) fn new(router: Router, settings: &Settings, tls: Option<Tls>) -> Self {
        let mut http1 = http1::Builder::new();
        http1
            .timer(TokioTimer::new())
            .header_read_timeout(settings.header_read_timeout())
            .keep_alive(true)
            .max_headers(MAX_HEADERS)
            .max_header_size(MAX_HEAD_BYTES)
            .max_buf_size(MAX_HEAD_BYTES);
        Self {
            http1,
            http2: streams::builder(settings),
            router,
            tls,
            patience: settings.header_read_timeout(),
            write_patience: settings.write_timeout(),
        }
    }
}

/// A connection that was accepted.
pub(crate) struct Connection {
    pub(crate) common: Arc<Common>,
    pub(crate) peer: SocketAddr,
    pub(crate) watching: watch::Receiver<Door>,
    /// Free again when the connection has ended.
    pub(crate) place: OwnedSemaphorePermit,
}

impl Connection {
    pub(crate) async fn run(mut self, stream: TcpStream) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was refused");
        }
        let stream = Stalling::new(stream, self.common.write_patience);
        if self.common.tls.is_some() {
            return Box::pin(self.over_tls(stream)).await;
        }
        let first = begins_http2(stream.socket());
        let first = tokio::select! {
            biased;
            first = tokio::time::timeout(self.common.patience, first) => first,
            // Nobody is in yet.
            _ = self.watching.changed() => return,
        };
        match first {
            Ok(Ok(true)) => Box::pin(streams::serve(self, Transport::Plain(stream))).await,
            Ok(Ok(false)) => self.http1(Transport::Plain(stream)).await,
            // Gone, or with nothing to say.
            Ok(Err(_)) | Err(_) => {}
        }
    }

    async fn over_tls(mut self, stream: Stalling) {
        let Some(tls) = self.common.tls.clone() else { return };
        let shaken = tokio::select! {
            biased;
            shaken = tokio::time::timeout(self.common.patience, tls.accept(stream)) => shaken,
            // Nobody is in yet.
            _ = self.watching.changed() => return,
        };
        let stream = match shaken {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return tracing::debug!(%error, "a handshake failed"),
            Err(_) => return tracing::debug!("a handshake took too long"),
        };
        let http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP2);
        let stream = Transport::Tls(Box::new(stream));
        if http2 { streams::serve(self, stream).await } else { self.http1(stream).await }
    }

    async fn http1(self, stream: Transport) {
        let Self { common, peer, mut watching, place: _place } = self;
        let (router, peer) = (common.router.clone(), PeerAddr(peer));
        let unread = Unread::default();
        let watch = unread.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let waits = request.headers().contains_key(header::EXPECT);
            let mut request = request.map(|body| watch.watch(body, waits));
            request.extensions_mut().insert(peer);
            let (answer, watch) = (router.clone().call(request), watch.clone());
            async move {
                let Ok(mut answer) = answer.await;
                let refused = answer.extensions().get::<Refused>().is_some();
                if watch.settle(refused).await {
                    let close = HeaderValue::from_static("close");
                    answer.headers_mut().insert(header::CONNECTION, close);
                }
                Ok::<_, Infallible>(answer)
            }
        });
        let stream = TokioIo::new(Lingering::new(stream, unread));
        let connection = common.http1.serve_connection(stream, service);
        drop(common);
        let mut connection = pin!(connection.with_upgrades());
        loop {
            let moved = tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    // Broken heads and vanished clients are their own business.
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection ended early");
                    }
                    return;
                }
                moved = watching.changed() => moved,
            };
            // The door is only dropped after closing.
            if moved.is_err() || *watching.borrow_and_update() == Door::Closed {
                return;
            }
            connection.as_mut().graceful_shutdown();
        }
    }
}

/// Whether a client begins with HTTP/2 without asking (RFC 9113, section 3.3): a proxy that was
/// told to. No other method of HTTP begins like that, and nothing is taken off the socket.
async fn begins_http2(stream: &TcpStream) -> io::Result<bool> {
    let mut head = [0; 4];
    Ok(stream.peek(&mut head).await? == head.len() && head == *b"PRI ")
}
