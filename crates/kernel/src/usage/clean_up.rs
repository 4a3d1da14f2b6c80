//! Forgets what groups used in months long past, every night.

use std::time::Duration;

use types::{Json, Result};

use super::{month, sql};
use crate::App;
use crate::jobs::{self, Job, Jobs};

/// The job's kind, and its schedule.
const CLEAN_UP: &str = "usage.clean_up";
/// Two years: as far as anybody asks about a bill.
const KEEP: Duration = Duration::from_secs(731 * 86_400);

/// Adds the clean-up to the jobs of the house.
#[must_use]
pub fn jobs(jobs: Jobs) -> Jobs {
    jobs.with(CLEAN_UP, clean_up).within(CLEAN_UP, Duration::from_secs(600)).every(
        CLEAN_UP,
        "27 3 * * *",
        CLEAN_UP,
    )
}

async fn clean_up(app: App, job: Job) -> Result<()> {
    let counters = jobs::sweep(&app, jobs::SLICE, async |tx, now, most| {
        sql::forget_before(tx, &month(now.before(KEEP)), most).await
    })
    .await?;
    job.result(Json::of(&serde_json::json!({ "counters": counters }))?);
    Ok(())
}
