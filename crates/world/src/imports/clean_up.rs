//! Forgets imports that nobody goes on with, every night.

use std::time::Duration;

use kernel::App;
use kernel::jobs::{self, Job, Jobs};
use types::{Json, Result};

use super::sql;
use crate::transfer;

/// The job's kind, and its schedule.
const CLEAN_UP: &str = "world.clean_up";
/// How long an import is known after it last moved, whether or not it came to its end.
const KEEP: Duration = Duration::from_secs(30 * 86_400);
/// Imports forgotten in one transaction: each may have a thousand errors.
const SLICE: i64 = 20;

/// Adds the clean-up to the jobs of the house.
pub(crate) fn jobs(jobs: Jobs) -> Jobs {
    jobs.with(CLEAN_UP, clean_up).within(CLEAN_UP, Duration::from_secs(600)).every(
        CLEAN_UP,
        "17 4 * * *",
        CLEAN_UP,
    )
}

/// Deletes what is known of imports that moved for the last time long ago, over HTTP and from the
/// command line. What they brought stays.
async fn clean_up(app: App, job: Job) -> Result<()> {
    let imports = jobs::sweep(&app, SLICE, async |tx, now, most| {
        sql::delete_before(tx, now.before(KEEP), most).await
    })
    .await?;
    let inputs = jobs::sweep(&app, jobs::SLICE, async |tx, now, most| {
        transfer::forget_inputs(tx, now.before(KEEP), most).await
    })
    .await?;
    job.result(Json::of(&serde_json::json!({ "imports": imports, "inputs": inputs }))?);
    Ok(())
}
