//! The three meters there are, and what is counted elsewhere.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// Bounds of durations, in microseconds: half a millisecond to ten seconds.
pub static MICROS: [u64; 14] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000,
];
/// Bounds of what may take hours, in microseconds: a millisecond to six hours.
pub static LONG_MICROS: [u64; 14] = [
    1_000,
    10_000,
    100_000,
    500_000,
    1_000_000,
    5_000_000,
    15_000_000,
    60_000_000,
    300_000_000,
    900_000_000,
    1_800_000_000,
    3_600_000_000,
    7_200_000_000,
    21_600_000_000,
];
/// Bounds of numbers of things.
pub static SIZES: [u64; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// Counts up.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn one(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// How many so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

type Look = Box<dyn Fn() -> Option<i64> + Send + Sync>;

/// A number that somebody else keeps: it is looked at when it is told.
#[derive(Default)]
pub struct Elsewhere(OnceLock<Look>);

impl Elsewhere {
    /// It is to be had like this from now on; a second way changes nothing.
    pub fn is(&self, look: impl Fn() -> Option<i64> + Send + Sync + 'static) {
        let _ = self.0.set(Box::new(look));
    }

    /// The number; none where nobody keeps it.
    #[must_use]
    pub fn get(&self) -> Option<i64> {
        self.0.get().and_then(|look| look())
    }
}

impl fmt::Debug for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.get())
    }
}

/// Goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    /// So many more, or fewer.
    pub fn add(&self, more: i64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// It is this now.
    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// What it is.
    #[must_use]
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How often something was at most how much.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// One for each bound, and one for what is beyond the last.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// What a [`Histogram`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Each bound, and how often it was at most that.
    pub up_to: Vec<(u64, u64)>,
    /// How often in all.
    pub count: u64,
    /// All of it together.
    pub sum: u64,
}

impl Histogram {
    /// An empty one of these bounds, in rising order.
    #[must_use]
    pub fn new(bounds: &'static [u64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, counts, sum: AtomicU64::new(0) }
    }

    /// It was this much.
    pub fn observe(&self, value: u64) {
        let at = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get(at) {
            count.fetch_add(1, Ordering::Relaxed);
            self.sum.fetch_add(value, Ordering::Relaxed);
        }
    }

    /// It took this long, in microseconds.
    pub fn took(&self, time: Duration) {
        self.observe(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// What it says by now. Whoever adds meanwhile is counted in part at worst.
    #[must_use]
    pub fn read(&self) -> Reading {
        let mut count = 0;
        let mut up_to = Vec::with_capacity(self.bounds.len());
        for (at, own) in self.counts.iter().enumerate() {
            count += own.load(Ordering::Relaxed);
            if let Some(bound) = self.bounds.get(at) {
                up_to.push((*bound, count));
            }
        }
        Reading { up_to, count, sum: self.sum.load(Ordering::Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_counts_what_is_at_most_it() {
        let sizes = Histogram::new(&SIZES);
        for size in [1, 2, 3, 512, 513] {
            sizes.observe(size);
        }
        let read = sizes.read();
        assert_eq!(read.up_to.first(), Some(&(1, 1)));
        assert_eq!(read.up_to.get(1), Some(&(2, 2)));
        assert_eq!(read.up_to.get(2), Some(&(4, 3)));
        assert_eq!(read.up_to.last(), Some(&(512, 4)));
        assert_eq!((read.count, read.sum), (5, 1031));
    }

    #[test]
    fn times_are_microseconds() {
        let times = Histogram::new(&MICROS);
        times.took(Duration::from_millis(1));
        assert_eq!(times.read().sum, 1_000);
    }
}
