//! Removes what can no longer be used, every hour.

use std::time::Duration;

use kernel::App;
use kernel::jobs::{self, Job, Jobs};
use types::{Json, Result};

use super::sql;
use crate::{challenges, organizations, two_factor};

/// The job's kind, and its schedule.
const CLEAN_UP: &str = "identity.clean_up";

/// Adds the clean-up to the jobs of the house.
pub(crate) fn jobs(jobs: Jobs) -> Jobs {
    jobs.with(CLEAN_UP, clean_up).within(CLEAN_UP, Duration::from_secs(600)).every(
        CLEAN_UP,
        "7 * * * *",
        CLEAN_UP,
    )
}

/// Deletes expired sessions with their spent refresh tokens, which are remembered as long as their
/// family lives; expired links, codes and states; devices that are no longer trusted; wrong second
/// factors that no longer count; and invitations, which hold addresses, a month after their end.
async fn clean_up(app: App, job: Job) -> Result<()> {
    let sessions = jobs::sweep(&app, jobs::SLICE, sql::delete_expired).await?;
    let challenges = jobs::sweep(&app, jobs::SLICE, challenges::delete_expired).await?;
    let devices = jobs::sweep(&app, jobs::SLICE, two_factor::delete_expired).await?;
    let tries = jobs::sweep(&app, jobs::SLICE, two_factor::delete_tries).await?;
    let invitations = jobs::sweep(&app, jobs::SLICE, organizations::delete_expired).await?;
    let deleted = serde_json::json!({
        "sessions": sessions, "challenges": challenges, "devices": devices, "tries": tries,
        "invitations": invitations,
    });
    job.result(Json::of(&deleted)?);
    Ok(())
}
