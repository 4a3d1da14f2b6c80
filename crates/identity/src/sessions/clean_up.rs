//! Removes what can no longer be used, every hour.

use std::time::Duration;

use kernel::jobs::{Job, NewJob};
use kernel::{App, Caller, Work};
use types::{Json, Result};

use super::sql;
use crate::{challenges, two_factor};

/// The job's kind.
pub(crate) const CLEAN_UP: &str = "identity.clean_up";

const PAUSE: Duration = Duration::from_secs(3_600);
/// Rows removed in one transaction: others wait for it.
const BATCH: i64 = 1_000;
/// Transactions of one run: what is left has waited long and can wait another hour.
const ROUNDS: usize = 500;

/// Deletes expired sessions with their spent refresh tokens, which are remembered as long as their
/// family lives, and what else is too old; and comes back in an hour.
///
/// Should two ever be queued, the first to end finds the other and does not come back.
pub(crate) async fn clean_up(app: App, _job: Job) -> Result<()> {
    let caller = Caller::system(CLEAN_UP);
    for _ in 0..ROUNDS {
        let full = app
            .change(&caller, async |work| {
                work.silently();
                let now = work.now;
                let sessions = sql::delete_expired(work.tx, now, BATCH).await?;
                let challenges = challenges::delete_expired(work.tx, now, BATCH).await?;
                let devices = two_factor::delete_expired(work.tx, now, BATCH).await?;
                Ok(sessions.max(challenges).max(devices) >= BATCH.unsigned_abs())
            })
            .await?;
        if !full {
            break;
        }
    }
    app.change(&caller, async |work| {
        let next = work.now.after(PAUSE);
        queue(work, next).await
    })
    .await
}

/// Starts the rounds, unless one is queued already.
pub(crate) async fn start_cleaning(app: &App) -> Result<()> {
    app.change(&Caller::system(CLEAN_UP), async |work| {
        let now = work.now;
        queue(work, now).await
    })
    .await
}

async fn queue(work: &mut Work<'_>, at: types::Time) -> Result<()> {
    work.silently();
    if sql::is_queued(work.tx, CLEAN_UP).await? {
        return Ok(());
    }
    work.enqueue(NewJob::new(CLEAN_UP, Json::empty()).at(at)).await
}
