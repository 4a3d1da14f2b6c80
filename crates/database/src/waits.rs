//! How long transactions wait for their turn: what tells a busy store from one that has too much
//! to do. The shortest wait of a while counts, as in CoDel (RFC 8289): bursts come and go, but
//! where even the luckiest waited long, a queue stands that does not go away by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Fewer that wait are no queue: the last of them has its turn soon, and where one long change or
/// a slow disk holds up a few, refusing others would help nobody.
const CROWD: usize = 16;

/// What the house itself may have waiting at once: followers of the log and clean-ups. They give
/// way to others, not to each other.
pub(crate) const HOUSE: usize = 6;

/// The shortest waits since the last look, where there is a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waits {
    /// Of those who only look.
    pub reads: Duration,
    /// Of those who change something.
    pub writes: Duration,
}

/// Those who wait for one thing.
pub(crate) struct Line {
    waiting: AtomicUsize,
    /// Microseconds; none yet: the largest number.
    shortest: AtomicU64,
    /// Microseconds in which nobody had their turn though somebody waited.
    stuck: AtomicU64,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            waiting: AtomicUsize::new(0),
            shortest: AtomicU64::new(u64::MAX),
            stuck: AtomicU64::new(0),
        }
    }
}

impl Line {
    /// Waits from now on.
    pub(crate) fn join(self: &Arc<Self>) -> Place {
        self.waiting.fetch_add(1, Relaxed);
        Place { line: Arc::clone(self), since: Instant::now() }
    }

    /// The shortest wait since the last look, which was `span` ago.
    pub(crate) fn look(&self, span: Duration) -> Duration {
        let shortest = self.shortest.swap(u64::MAX, Relaxed);
        let crowded = self.waiting.load(Relaxed) >= CROWD;
        if !crowded || shortest != u64::MAX {
            self.stuck.store(0, Relaxed);
            return if crowded { Duration::from_micros(shortest) } else { Duration::ZERO };
        }
        let more = micros(span);
        Duration::from_micros(self.stuck.fetch_add(more, Relaxed).saturating_add(more))
    }
}

/// A place in a line, left by having one's turn or by going away.
pub(crate) struct Place {
    line: Arc<Line>,
    since: Instant,
}

impl Place {
    /// It is one's turn, after so long.
    pub(crate) fn turn(self) -> Duration {
        let waited = self.since.elapsed();
        self.line.shortest.fetch_min(micros(waited), Relaxed);
        waited
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.line.waiting.fetch_sub(1, Relaxed);
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_luckiest_counts_and_who_gets_no_turn_counts_as_long_as_that_goes_on() {
        const SPAN: Duration = Duration::from_secs(3_600);
        let line = Arc::new(Line::default());
        assert_eq!(line.look(SPAN), Duration::ZERO, "nobody waits");
        let mut crowd: Vec<Place> = (0..=CROWD).map(|_| line.join()).collect();
        assert_eq!(line.look(SPAN), SPAN);
        assert_eq!(line.look(SPAN), SPAN * 2);
        crowd.pop().map(Place::turn);
        assert!(line.look(SPAN) < SPAN, "somebody had their turn");
        assert_eq!(line.look(SPAN), SPAN);
        crowd.pop();
        assert_eq!(line.look(SPAN), Duration::ZERO, "a few are no queue");
        crowd.push(line.join());
        assert_eq!(line.look(SPAN), SPAN);
    }
}
