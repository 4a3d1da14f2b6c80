//! Statements that take longer than they should: their texts and plans go to the log, what they were
//! given never does.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use telemetry::{Database, Meters, shortened};

/// Statements whose plans were told; further ones are told without.
const PLANS: usize = 1_000;

/// What watches every statement of a store.
pub(crate) struct Watch {
    pub(crate) meters: Arc<Meters>,
    slow: Duration,
    planned: Mutex<HashSet<u64>>,
}

impl Watch {
    /// Statements that take this many milliseconds are told; 0: none are.
    pub(crate) fn new(slow_ms: u32) -> Arc<Self> {
        let slow = if slow_ms == 0 { Duration::MAX } else { Duration::from_millis(slow_ms.into()) };
        Arc::new(Self { meters: Arc::default(), slow, planned: Mutex::default() })
    }

    pub(crate) fn meter(&self) -> &Database {
        &self.meters.database
    }

    pub(crate) fn is_slow(&self, took: Duration) -> bool {
        took >= self.slow
    }

    /// Tells a statement that was slow.
    pub(crate) fn tell(&self, statement: &str, took: Duration) {
        self.meter().slow.one();
        if let Some(current) = telemetry::current() {
            current.was_slow(statement, took);
        }
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::warn!(duration_ms, statement = shortened(statement), "a statement was slow");
    }

    /// Whether the plan of a statement is wanted: once in the life of the process.
    pub(crate) fn wants_plan(&self, statement: &str) -> bool {
        let mut hash = DefaultHasher::new();
        statement.hash(&mut hash);
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        planned.len() < PLANS && planned.insert(hash.finish())
    }

    /// Tells how the engine runs it.
    pub(crate) fn tell_plan(statement: &str, steps: &[String]) {
        let plan = steps.join("; ");
        tracing::warn!(plan, statement = shortened(statement), "the plan of a slow statement");
    }
}
