//! The door: connections in, bounded in number, patience and size; and the way to close it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use telemetry::Connections;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use types::Result;

use crate::connection::{Common, Connection};
use crate::settings::Settings;
use crate::tls::Tls;
use crate::turn_away::Spare;

/// A pause after an accept that failed for want of something, e.g. file descriptors.
const BREATH: Duration = Duration::from_millis(100);

/// The socket's other end, in every request's extensions. Behind a proxy this is the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

/// How far closing has come; connections watch it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Open,
    /// Finish what is in flight, start nothing new.
    Closing,
    /// The grace is over.
    Closed,
}

/// Serves `router` until `shutdown` is ready, then lets requests in flight finish within the
/// grace; over https with `tls`. Who comes while all places are taken is told so, and counted in
/// `connections`. A connection that asked for an upgrade (a socket) is its new owner's to close.
///
/// # Errors
/// Never because of a client or a failed accept; only when the listener cannot be used at all.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: &Settings,
    tls: Option<Tls>,
    connections: &Connections,
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    let places = u32::try_from(settings.max_connections.min(Semaphore::MAX_PERMITS));
    let places = places.unwrap_or(u32::MAX).max(1);
    let free = Arc::new(Semaphore::new(places as usize));
    let door = Arc::new(watch::Sender::new(Door::Open));
    tell(connections, &door, places);
    let (mut spare, over_tls) = (Spare::new(), tls.is_some());
    let common = Arc::new(Common::new(router, settings, tls));
    let mut shutdown = pin!(shutdown);

    loop {
        // A place of either kind, before anybody comes.
        let place = tokio::select! {
            biased;
            () = &mut shutdown => break,
            place = Arc::clone(&free).acquire_owned() => Ok(place.map_err(io::Error::other)?),
            place = spare.place() => Err(place?),
        };
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let place = match place.or_else(|spare| again(&free).ok_or(spare)) {
                    Ok(place) => place,
                    Err(place) => {
                        connections.refused.one();
                        spare.turn_away(stream, over_tls, place);
                        continue;
                    }
                };
                let (common, watching) = (Arc::clone(&common), door.subscribe());
                let connection = Connection { common, peer, watching, place };
                tokio::spawn(connection.run(stream));
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
    close(&door, &free, places, settings.shutdown_grace()).await;
    Ok(())
}

/// Says where to see how many connections are open. Each watches the door and nobody else does, so they
/// are counted already.
fn tell(connections: &Connections, door: &Arc<watch::Sender<Door>>, places: u32) {
    let door = Arc::downgrade(door);
    connections.open.is(move || i64::try_from(door.upgrade()?.receiver_count()).ok());
    connections.limit.set(places.into());
}

/// Lets connections finish within the grace; then they are closed.
async fn close(door: &watch::Sender<Door>, free: &Semaphore, places: u32, grace: Duration) {
    door.send_replace(Door::Closing);
    // When every place is free again, every connection has ended.
    let ended = tokio::time::timeout(grace, free.acquire_many(places)).await;
    if ended.is_err() {
        tracing::warn!(
            open = places as usize - free.available_permits(),
            "closing connections that did not finish within the grace"
        );
        door.send_replace(Door::Closed);
        // Dropping them takes no waiting of ours beyond a moment for the scheduler.
        let _ = tokio::time::timeout(Duration::from_secs(1), free.acquire_many(places)).await;
    }
}

/// A place that has become free while nobody came.
fn again(free: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    Arc::clone(free).try_acquire_owned().ok()
}

fn is_clients(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

#[cfg(test)]
#[path = "listen_tests.rs"]
mod tests;
