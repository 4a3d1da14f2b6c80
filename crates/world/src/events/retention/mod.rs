//! How long the log keeps what happened: as long as the plan of each group says, by the time of the
//! event.
//!
//! A job looks through the groups once a day and deletes in slices what is too old and what every
//! follower has read. Each slice is on disk as a file before it goes from the log; each group is
//! told by one event. A cursor that stood where something was deleted is not good any more.

mod archive;
mod rules;
mod sql;

use kernel::App;
use kernel::jobs::{self, Jobs, NewJob};
use kernel::{Caller, Work};
use types::{Json, Result, Time};

pub(super) use sql::{Horizon, horizon};

/// Kind of the job; it is given where it goes on.
const JOB: &str = "world.event_retention";
/// It never is given up: a full disk may stay full for a week.
const ATTEMPTS: i64 = 1_000_000;

/// Adds the background work of events.
#[must_use]
pub(super) fn jobs(jobs: Jobs) -> Jobs {
    jobs.with(JOB, rules::run)
}

/// Queues the first look, unless there is one.
pub(super) async fn boot(app: &App) -> Result<()> {
    app.change(&Caller::system(JOB), async |work| {
        work.silently();
        let now = work.now;
        if jobs::is_under_way(work.tx, JOB, true).await? {
            // The setting may be another one by now.
            return jobs::hasten(work.tx, JOB, now.after(work.app().retention.every)).await;
        }
        enqueue(work, Json::of(&rules::Round::default())?, now).await
    })
    .await
}

/// Should two ever be queued, the first to end finds the other and does not come back.
async fn come_back(app: &App, round: Json, at: Time) -> Result<()> {
    app.change(&Caller::system(JOB), async move |work| {
        work.silently();
        if jobs::is_under_way(work.tx, JOB, false).await? {
            return Ok(());
        }
        enqueue(work, round.clone(), at).await
    })
    .await
}

async fn enqueue(work: &mut Work<'_>, round: Json, at: Time) -> Result<()> {
    work.enqueue(NewJob::new(JOB, round).attempts(ATTEMPTS).at(at)).await
}
