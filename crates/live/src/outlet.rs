//! The way to one stream of server-sent events: so many of them may wait there, and so many bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;

use crate::engine::{Full, PLACE};

/// Events waiting for one stream.
const QUEUE: usize = 256;
/// The same of who is told what they missed: more is read for them when so many have gone, and what
/// happens meanwhile still finds room.
const AHEAD: usize = QUEUE / 4;

/// An event's cursor, and its data.
pub(crate) type Told = (String, String);

/// Where events go in.
#[derive(Clone)]
pub(crate) struct Outlet {
    sender: mpsc::Sender<Told>,
    bytes: Arc<AtomicUsize>,
}

/// Where they come out, in their order.
pub(crate) struct Inlet {
    receiver: mpsc::Receiver<Told>,
    bytes: Arc<AtomicUsize>,
}

impl Outlet {
    /// A new way, and its other end.
    pub(crate) fn new() -> (Self, Inlet) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let bytes = Arc::new(AtomicUsize::new(0));
        (Self { sender, bytes: Arc::clone(&bytes) }, Inlet { receiver, bytes })
    }

    /// Tells an event.
    ///
    /// # Errors
    /// When there is no room for it: the client is slow, or gone.
    pub(crate) fn tell(&self, told: Told) -> Result<(), Full> {
        if self.bytes.load(Ordering::Relaxed) >= QUEUE * PLACE {
            return Err(Full);
        }
        let length = told.1.len();
        // Before it can be taken out.
        self.bytes.fetch_add(length, Ordering::Relaxed);
        self.sender.try_send(told).map_err(|_| {
            self.bytes.fetch_sub(length, Ordering::Relaxed);
            Full
        })
    }

    /// Whether so little waits that more may be read for it.
    pub(crate) fn has_room(&self) -> bool {
        let waiting = self.sender.max_capacity().saturating_sub(self.sender.capacity());
        waiting < AHEAD && self.bytes.load(Ordering::Relaxed) < AHEAD * PLACE
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

impl Inlet {
    /// The next event; none after the last. Nothing is lost when it is not waited for to the end.
    pub(crate) async fn next(&mut self) -> Option<Told> {
        let told = self.receiver.recv().await?;
        self.bytes.fetch_sub(told.1.len(), Ordering::Relaxed);
        Some(told)
    }
}

#[cfg(test)]
#[path = "outlet_tests.rs"]
mod tests;
