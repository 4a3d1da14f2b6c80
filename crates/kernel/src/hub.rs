//! Wakes whoever follows the event log.

use tokio::sync::watch;

/// In-process news that something was committed. A reader that was busy sees one wake for many
/// commits; it reads the log from its own cursor anyway.
#[derive(Clone)]
pub struct Hub {
    commits: watch::Sender<u64>,
    jobs: watch::Sender<u64>,
}

impl Default for Hub {
    fn default() -> Self {
        Self { commits: watch::Sender::new(0), jobs: watch::Sender::new(0) }
    }
}

impl Hub {
    /// Events were committed.
    pub fn wake(&self) {
        self.commits.send_modify(|count| *count += 1);
    }

    /// Jobs were committed.
    pub fn wake_workers(&self) {
        self.jobs.send_modify(|count| *count += 1);
    }

    /// Changes whenever events are committed.
    #[must_use]
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    /// Changes whenever jobs are committed.
    #[must_use]
    pub fn jobs(&self) -> watch::Receiver<u64> {
        self.jobs.subscribe()
    }
}
