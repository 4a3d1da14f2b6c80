//! The door: connections in, bounded in number, patience and size; and the way to close it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::{HeaderValue, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::Service;
use types::Result;

use crate::linger::{Lingering, Unread};
use crate::settings::Settings;
use crate::stall::Stalling;

/// The largest request head: address and all headers.
const MAX_HEAD_BYTES: usize = 64 * 1024;
const MAX_HEADERS: usize = 100;
/// A pause after an accept that failed for want of something, e.g. file descriptors.
const BREATH: Duration = Duration::from_millis(100);

/// The socket's other end, in every request's extensions. Behind a proxy this is the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

/// How far closing has come; connections watch it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    Open,
    /// Finish what is in flight, start nothing new.
    Closing,
    /// The grace is over.
    Closed,
}

/// Serves `router` until `shutdown` is ready, then lets requests in flight finish within the
/// grace. A connection that asked for an upgrade (a socket) is its new owner's to close.
///
/// # Errors
/// Never because of a client or a failed accept; only when the listener cannot be used at all.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: &Settings,
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    let places = u32::try_from(settings.max_connections.min(Semaphore::MAX_PERMITS));
    let places = places.unwrap_or(u32::MAX).max(1);
    let free = Arc::new(Semaphore::new(places as usize));
    let (door, watching) = watch::channel(Door::Open);
    let (http, patience) = (builder(settings), settings.write_timeout());
    let mut shutdown = pin!(shutdown);

    loop {
        // A place first: while all are taken, newcomers wait in the kernel's queue.
        let place = tokio::select! {
            biased;
            () = &mut shutdown => break,
            place = Arc::clone(&free).acquire_owned() => place?,
        };
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = Connection {
                    http: http.clone(),
                    router: router.clone(),
                    peer,
                    patience,
                    _place: place,
                };
                tokio::spawn(connection.run(stream, watching.clone()));
            }
            // That client has left again; the next one may be fine.
            Err(error) if is_clients(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed; pausing");
                tokio::select! {
                    biased;
                    () = &mut shutdown => break,
                    () = tokio::time::sleep(BREATH) => {}
                }
            }
        }
    }

    drop(listener);
    door.send_replace(Door::Closing);
    // When every place is free again, every connection has ended.
    let ended = tokio::time::timeout(settings.shutdown_grace(), free.acquire_many(places)).await;
    if ended.is_err() {
        tracing::warn!(
            open = places as usize - free.available_permits(),
            "closing connections that did not finish within the grace"
        );
        door.send_replace(Door::Closed);
        // Dropping them takes no waiting of ours beyond a moment for the scheduler.
        let _ = tokio::time::timeout(Duration::from_secs(1), free.acquire_many(places)).await;
    }
    Ok(())
}

fn builder(settings: &Settings) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(settings.header_read_timeout())
        .keep_alive(true)
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD_BYTES)
        .max_buf_size(MAX_HEAD_BYTES);
    http
}

fn is_clients(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

struct Connection {
    http: http1::Builder,
    router: Router,
    peer: SocketAddr,
    /// For a client who takes nothing of what is written.
    patience: Duration,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    async fn run(self, stream: TcpStream, mut watching: watch::Receiver<Door>) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was refused");
        }
        let (router, peer) = (self.router, PeerAddr(self.peer));
        let unread = Unread::default();
        let watch = unread.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request = request.map(|body| watch.watch(body));
            request.extensions_mut().insert(peer);
            let (answer, watch) = (router.clone().call(request), watch.clone());
            async move {
                let mut answer = answer.await;
                if let (Ok(response), true) = (&mut answer, watch.get()) {
                    let close = HeaderValue::from_static("close");
                    response.headers_mut().insert(header::CONNECTION, close);
                }
                answer
            }
        });
        let stream = Lingering::new(Stalling::new(stream, self.patience), unread);
        let stream = TokioIo::new(stream);
        let connection = self.http.serve_connection(stream, service);
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

#[cfg(test)]
#[path = "listen_tests.rs"]
mod tests;
