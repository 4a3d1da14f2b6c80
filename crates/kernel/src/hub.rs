//! Wakes whoever follows the event log.

use tokio::sync::watch;

/// In-process news that something was committed. A reader that was busy sees one wake for many
/// commits; it reads the log from its own cursor anyway.
#[derive(Clone)]
pub struct Hub {
    commits: watch::Sender<u64>,
    jobs: watch::Sender<u64>,
    recalls: watch::Sender<u64>,
}

impl Default for Hub {
    fn default() -> Self {
        let news = || watch::Sender::new(0);
        Self { commits: news(), jobs: news(), recalls: news() }
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

    /// Somebody wants running jobs to end.
    pub fn recall_jobs(&self) {
        self.recalls.send_modify(|count| *count += 1);
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

    /// Changes whenever running jobs are to end.
    #[must_use]
    pub fn recalls(&self) -> watch::Receiver<u64> {
        self.recalls.subscribe()
    }
}
