//! Deleting a group for good, with all that is below and in it. Its events stay; where one person
//! was alone in it, until they are erased.
//!
//! In one transaction it goes out of sight: nobody belongs to it, nothing leads to it, and it is
//! `deleting`. What it holds is removed in that transaction as far as [`rules::BATCH`] rows go, and
//! what is left by jobs, one batch each, so that a large subtree holds nobody up and a restart in
//! the middle goes on where it was.

mod erasing;
pub(super) mod rules;
mod sql;

use kernel::erasure::Rooms;
use kernel::jobs::{Job, Jobs};
use kernel::{App, Caller};
use types::{GroupId, Result};

/// Kind of the jobs that remove what is left of a group; they are given its id.
const JOB: &str = "delete_group";

/// Adds the background work of groups.
#[must_use]
pub fn jobs(jobs: Jobs) -> Jobs {
    jobs.with(JOB, carry_on)
}

/// Adds what becomes of the groups of somebody who is erased.
pub(crate) fn erased(rooms: Rooms) -> Rooms {
    erasing::erasing(rooms)
}

async fn carry_on(app: App, job: Job) -> Result<()> {
    let root: GroupId = serde_json::from_str(job.payload.as_str())?;
    app.change(&Caller::system(JOB), async move |work| {
        work.silently();
        rules::empty(work, root).await
    })
    .await
}
