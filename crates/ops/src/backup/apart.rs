//! Work beside everything else: on a thread of its own that yields to all others, and stops soon
//! after nobody waits for it any more.

use std::sync::Arc;
#[cfg(target_os = "linux")]
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use types::{Error, Result};

/// Whether to go on.
#[derive(Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(super) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.is_asked() { Err(cancelled()) } else { Ok(()) }
    }
}

/// Somebody called it off.
fn cancelled() -> Error {
    Error::conflict("cancelled", "It was called off; nothing was kept.")
}

/// Asks for an end when whoever waited goes away.
struct Waiting(Stop);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Release);
    }
}

/// Runs something that blocks. What it holds it lets go of by itself, also when nobody waits.
pub(super) async fn apart<T: Send + 'static>(
    work: impl FnOnce(&Stop) -> Result<T> + Send + 'static,
) -> Result<T> {
    let stop = Stop::default();
    let waiting = Waiting(stop.clone());
    let (reply, done) = oneshot::channel();
    std::thread::Builder::new().name("backup".to_owned()).spawn(move || {
        yield_to_all();
        let _ = reply.send(work(&stop));
    })?;
    let done = done.await.map_err(|_| Error::internal("the thread of a backup died"))?;
    drop(waiting);
    done
}

/// On Linux this is about the thread that asks, not its process.
#[cfg(target_os = "linux")]
fn yield_to_all() {
    static TOLD: Once = Once::new();
    if let Err(error) = rustix::process::setpriority_process(None, 19) {
        TOLD.call_once(|| {
            tracing::warn!(%error, "backups cannot yield to others: setpriority is not allowed");
        });
    }
}

#[cfg(not(target_os = "linux"))]
fn yield_to_all() {}

/// Rests between pieces of work for as long as each took, so that half of a processor is left to
/// others even where priorities mean nothing.
pub(super) struct Rhythm {
    since: Instant,
    rests: bool,
}

impl Rhythm {
    pub(super) fn new(rests: bool) -> Self {
        Self { since: Instant::now(), rests }
    }

    pub(super) fn rest(&mut self) {
        if self.rests {
            std::thread::sleep(self.since.elapsed().min(Duration::from_millis(200)));
        }
        self.since = Instant::now();
    }
}
