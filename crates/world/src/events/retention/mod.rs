//! How long the log keeps what happened: as long as the plan of each group says, by the time of the
//! event.
//!
//! A job looks through the groups once a day, as its schedule says, and deletes in slices what is
//! too old and what every follower has read, the one that seals the log among them. Each slice is
//! on disk as a file before it goes from the log, and with it the group is told by an event. A
//! cursor that stood where something was deleted is not good any more.

mod archive;
mod rules;
mod sql;

use std::time::Duration;

use kernel::events::Retention;
use kernel::jobs::Jobs;

pub(super) use rules::remove;
pub(super) use sql::{Horizon, horizon};

/// Kind of the job, and its schedule.
const JOB: &str = "world.event_retention";
/// What one run may take; a large log is gone through by several.
const LIMIT: Duration = Duration::from_secs(3600);

/// Adds the background work of events.
#[must_use]
pub(super) fn jobs(jobs: Jobs, retention: &Retention) -> Jobs {
    jobs.with(JOB, rules::run).within(JOB, LIMIT).after_each(JOB, retention.every, JOB)
}
