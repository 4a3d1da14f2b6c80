//! Everything that is counted.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::{Counter, Elsewhere, Gauge, Histogram, Http, Jobs, MICROS, SIZES, Traces};

/// All meters of a house.
#[derive(Debug, Default)]
pub struct Meters {
    /// Requests.
    pub http: Http,
    /// The store.
    pub database: Database,
    /// Background jobs.
    pub jobs: Jobs,
    /// Long connections.
    pub live: Live,
    /// Letters.
    pub mail: Mail,
    /// Webhooks out.
    pub webhooks: Webhooks,
    /// Spans.
    pub traces: Traces,
    /// Lines of the log that were left out.
    pub lost_lines: Elsewhere,
    /// When the certificate that is shown ends, in seconds since 1970.
    pub certificate_ends: Elsewhere,
}

/// Transactions of one sort.
#[derive(Debug)]
pub struct Transactions {
    /// That did what they were to do.
    pub done: Counter,
    /// That were refused, failed, or were given up by who waited for them.
    pub failed: Counter,
    /// How long they waited for their turn.
    pub waited: Histogram,
}

impl Default for Transactions {
    fn default() -> Self {
        Self {
            done: Counter::default(),
            failed: Counter::default(),
            waited: Histogram::new(&MICROS),
        }
    }
}

impl Transactions {
    /// One ended.
    pub fn ended(&self, well: bool) {
        if well { &self.done } else { &self.failed }.one();
    }
}

/// The store.
#[derive(Debug)]
pub struct Database {
    /// Snapshots. On SQLite most have no turn to wait for.
    pub reads: Transactions,
    /// Changes.
    pub writes: Transactions,
    /// Changes that shared one commit. SQLite only.
    pub batch: Histogram,
    /// How long commits took.
    pub commit: Histogram,
    /// Refused because too many waited.
    pub refused_full: Counter,
    /// Refused because no connection was free in time.
    pub refused_unconnected: Counter,
    /// Refused because too many long reads waited. SQLite only.
    pub refused_long: Counter,
    /// Runs of a transaction that lost a race and were made again.
    pub again: Counter,
    /// Statements that took longer than they should.
    pub slow: Counter,
    /// Connections for reading that are in use. SQLite only.
    pub readers: Gauge,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            reads: Transactions::default(),
            writes: Transactions::default(),
            batch: Histogram::new(&SIZES),
            commit: Histogram::new(&MICROS),
            refused_full: Counter::default(),
            refused_unconnected: Counter::default(),
            refused_long: Counter::default(),
            again: Counter::default(),
            slow: Counter::default(),
            readers: Gauge::default(),
        }
    }
}

impl Database {
    /// Transactions that did what they were to do, so far: while it grows, the store answers.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.reads.done.get() + self.writes.done.get()
    }
}

/// Long connections.
#[derive(Debug, Default)]
pub struct Live {
    /// Socket.IO connections of people.
    pub sockets: Gauge,
    /// Streams of server-sent events.
    pub streams: Gauge,
    /// What they listen to, together.
    pub subscriptions: Gauge,
    /// Frames put into the queue of a connection.
    pub frames: Counter,
    /// Connections ended because their queue was full.
    pub slow: Counter,
    at: (AtomicI64, AtomicI64),
}

impl Live {
    /// The log was handed out up to here: transaction id and number.
    pub fn reached(&self, xid: i64, seq: i64) {
        self.at.0.store(xid, Ordering::Relaxed);
        self.at.1.store(seq, Ordering::Relaxed);
    }

    /// How far the log was handed out.
    #[must_use]
    pub fn at(&self) -> (i64, i64) {
        (self.at.0.load(Ordering::Relaxed), self.at.1.load(Ordering::Relaxed))
    }
}

/// Letters.
#[derive(Debug, Default)]
pub struct Mail {
    /// Taken by a mail server, or by the mailbox of development.
    pub sent: Counter,
    /// Tries that failed.
    pub failed: Counter,
    /// Given up, or lost because there is no way to send mail.
    pub lost: Counter,
}

/// Webhooks out.
#[derive(Debug)]
pub struct Webhooks {
    /// Requests that were answered well.
    pub delivered: Counter,
    /// Requests that are made again later.
    pub failed: Counter,
    /// Deliveries given up.
    pub given_up: Counter,
    /// How long requests took.
    pub took: Histogram,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            delivered: Counter::default(),
            failed: Counter::default(),
            given_up: Counter::default(),
            took: Histogram::new(&MICROS),
        }
    }
}
