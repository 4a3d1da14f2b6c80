//! Work that happens later: a row in the same transaction as its cause, claimed with a lease,
//! retried with growing pauses.
//!
//! A worker that dies leaves its lease to run out; the job then runs again. Handlers must
//! therefore be safe to run twice. Groups take turns within a kind, and none has more than its share
//! of runs at once, so that a tenant with a million jobs delays nobody else's.

mod ahead;
mod beat;
mod ending;
mod job;
mod new;
mod registry;
mod round;
mod running;
mod schedules;
mod settings;
mod sql;
mod sweep;
mod threads;
mod worker;

use std::borrow::Cow;
use std::time::Duration;

use types::{Error, ErrorKind, Result, Time};

pub use job::Job;
pub use new::{NewJob, Priority};
pub(crate) use new::{enqueue, enqueue_all};
pub use registry::{Handler, Jobs};
pub use schedules::tick_after;
pub use settings::Settings;
pub use sweep::{SLICE, sweep};

/// Runs of a job that keeps failing before it is given up as `dead`.
pub const MAX_ATTEMPTS: i64 = 25;
/// Bytes of a result at most.
pub const MAX_RESULT: usize = 64 << 10;
/// The code of [`hopeless`].
const HOPELESS: &str = "hopeless";

/// What a run fails with that no further run would mend: the job is given up at once.
#[must_use]
pub fn hopeless(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::Internal, HOPELESS, "Trying again would not help.").caused_by(why)
}

/// As [`hopeless`], with a sentence that the owners of the job's group are told, too.
#[must_use]
pub fn refused(sentence: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Internal, HOPELESS, sentence)
}

/// Whether an error is [`hopeless`].
#[must_use]
pub fn is_hopeless(error: &Error) -> bool {
    error.code() == HOPELESS
}

/// The pause before the next run: 1, 2, 4 … seconds up to an hour, and up to a quarter more by
/// `dice` (0 to 255), so that jobs that failed together do not come back together.
#[must_use]
pub fn backoff(attempt: i64, dice: u8) -> Duration {
    let exponent = u32::try_from(attempt.clamp(1, 13) - 1).unwrap_or(12);
    let base = Duration::from_secs(2u64.pow(exponent)).min(Duration::from_secs(3600));
    base + base * u32::from(dice) / 1024
}

/// What was running when the only process of this store ended can run again at once. To be called
/// before any worker is there, and only where no other process can be.
///
/// # Errors
/// As the store.
pub async fn recover(app: &crate::App) -> Result<()> {
    let (now, settings) = (app.now(), app.jobs);
    // Nobody is alive, however far ahead the clock was that set their lease.
    let horizon = Time::from_micros(i64::MAX);
    loop {
        let rescued = app
            .db
            .unbound()
            .hand_out(async move |tx| sql::rescue(tx, now, horizon, &settings).await)
            .await?;
        let (rescued, dead) = rescued;
        for kind in dead {
            app.meters().jobs.of(&kind).dead.one();
        }
        if rescued == 0 {
            return Ok(());
        }
    }
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
