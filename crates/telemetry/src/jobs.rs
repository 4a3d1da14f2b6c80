//! Jobs, by kind: the kinds are those that have a handler.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::{Counter, Histogram, LONG_MICROS, OTHER};

/// Jobs.
#[derive(Debug, Default)]
pub struct Jobs {
    kinds: OnceLock<BTreeMap<&'static str, JobKind>>,
    other: JobKind,
}

/// Jobs of one kind, as far as this process made them or ran them.
#[derive(Debug)]
pub struct JobKind {
    /// Put into the queue.
    pub enqueued: Counter,
    /// Done.
    pub done: Counter,
    /// Runs that failed and are tried again.
    pub failed: Counter,
    /// Given up.
    pub dead: Counter,
    /// Ended by somebody.
    pub cancelled: Counter,
    /// How long runs took.
    pub took: Histogram,
}

impl Default for JobKind {
    fn default() -> Self {
        Self {
            enqueued: Counter::default(),
            done: Counter::default(),
            failed: Counter::default(),
            dead: Counter::default(),
            cancelled: Counter::default(),
            took: Histogram::new(&LONG_MICROS),
        }
    }
}

impl Jobs {
    /// Says which kinds there are; only the first time.
    pub fn know(&self, kinds: impl IntoIterator<Item = &'static str>) {
        self.kinds
            .get_or_init(|| kinds.into_iter().map(|kind| (kind, JobKind::default())).collect());
    }

    /// The meters of a kind.
    #[must_use]
    pub fn of(&self, kind: &str) -> &JobKind {
        self.kinds.get().and_then(|kinds| kinds.get(kind)).unwrap_or(&self.other)
    }

    /// Every kind; [`OTHER`] stands for those nobody here runs.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &JobKind)> {
        let known = self.kinds.get().into_iter().flatten().map(|(name, kind)| (*name, kind));
        known.chain([(OTHER, &self.other)])
    }
}
