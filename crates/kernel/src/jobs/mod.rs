//! Work that happens later: a row in the same transaction as its cause, claimed with a lease,
//! retried with growing pauses.
//!
//! A worker that dies leaves its lease to run out; the job then runs again. Handlers must
//! therefore be safe to run twice.

mod sql;
mod worker;

use std::time::Duration;

use database::Tx;
use types::{Error, ErrorKind, JobId, Json, Result, Time};
use uuid::Uuid;

pub use worker::{Handler, Jobs};

/// Runs of a job that keeps failing before it is given up as `dead`.
pub const MAX_ATTEMPTS: i64 = 25;
/// The code of [`hopeless`].
const HOPELESS: &str = "hopeless";

/// What a run fails with that no further run would mend: the job is given up at once.
#[must_use]
pub fn hopeless(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::Internal, HOPELESS, "Trying again would not help.").caused_by(why)
}

/// Whether an error is [`hopeless`].
#[must_use]
pub fn is_hopeless(error: &Error) -> bool {
    error.code() == HOPELESS
}

/// A job to be enqueued.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Which handler runs it.
    pub kind: &'static str,
    /// What the handler is given.
    pub payload: Json,
    /// Not before this moment; now, if absent.
    pub run_at: Option<Time>,
    /// Runs until it is given up.
    pub max_attempts: i64,
}

impl NewJob {
    /// A job that runs as soon as possible.
    #[must_use]
    pub const fn new(kind: &'static str, payload: Json) -> Self {
        Self { kind, payload, run_at: None, max_attempts: MAX_ATTEMPTS }
    }

    /// Runs it not before `moment`.
    #[must_use]
    pub const fn at(mut self, moment: Time) -> Self {
        self.run_at = Some(moment);
        self
    }
}

/// A claimed job.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Which handler runs it.
    pub kind: String,
    /// What the handler is given.
    pub payload: Json,
    /// Counted from 1.
    pub attempt: i64,
    pub(crate) max_attempts: i64,
}

impl Job {
    /// Whether the job is given up should this run fail.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        self.attempt >= self.max_attempts
    }
}

pub(crate) async fn enqueue(tx: &mut Tx, id: Uuid, now: Time, job: &NewJob) -> Result<()> {
    sql::insert(tx, id, now, job).await
}

/// Whether a job of a kind waits, or — with `running` — is being run, on any node.
///
/// # Errors
/// As [`Tx::maybe`].
pub async fn is_under_way(tx: &mut Tx, kind: &str, running: bool) -> Result<bool> {
    sql::is_under_way(tx, kind, running).await
}

/// Lets jobs of a kind that wait for longer run at a moment.
///
/// # Errors
/// As [`Tx::run`].
pub async fn hasten(tx: &mut Tx, kind: &str, at: Time) -> Result<()> {
    sql::hasten(tx, kind, at).await
}

/// The pause before the next run: 1, 2, 4 … seconds up to an hour, and up to a quarter more by
/// `dice` (0 to 255), so that jobs that failed together do not come back together.
#[must_use]
pub fn backoff(attempt: i64, dice: u8) -> Duration {
    let exponent = u32::try_from(attempt.clamp(1, 13) - 1).unwrap_or(12);
    let base = Duration::from_secs(2u64.pow(exponent)).min(Duration::from_secs(3600));
    base + base * u32::from(dice) / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_bounded() {
        assert_eq!(backoff(1, 0), Duration::from_secs(1));
        assert_eq!(backoff(4, 0), Duration::from_secs(8));
        for attempt in [i64::MIN, 0, 1, 12, 13, 25, i64::MAX] {
            for dice in [0, 255] {
                assert!(backoff(attempt, dice) <= Duration::from_secs(4500));
                assert!(backoff(attempt, dice) >= Duration::from_secs(1));
            }
        }
    }
}
