//! Removes what nobody will look at any more, every hour.

use std::time::Duration;

use kernel::App;
use kernel::jobs::{self, Job, Jobs};
use types::{Json, Result};

use crate::{Settings, receivers, webhooks};

/// The job's kind, and its schedule.
const CLEAN_UP: &str = "integrations.clean_up";

/// Adds the clean-up to the jobs of the house.
pub(crate) fn jobs(jobs: Jobs, settings: Settings) -> Jobs {
    jobs.with(CLEAN_UP, move |app, job| clean_up(app, job, settings.keep()))
        .within(CLEAN_UP, Duration::from_secs(600))
        .every(CLEAN_UP, "37 * * * *", CLEAN_UP)
}

/// Deletes deliveries that are too old or whose webhook is gone, and messages that can no longer
/// come in again.
async fn clean_up(app: App, job: Job, keep: Duration) -> Result<()> {
    let mut deliveries = jobs::sweep(&app, jobs::SLICE, async move |tx, now, most| {
        webhooks::sweep(tx, now.before(keep), most).await
    })
    .await?;
    for webhook in app.db.unbound().read_long(async |tx| webhooks::dead(tx).await).await? {
        let of_it = async move |tx: &mut _, _, most| webhooks::sweep_dead(tx, webhook, most).await;
        deliveries += jobs::sweep(&app, jobs::SLICE, of_it).await?;
    }
    let messages = jobs::sweep(&app, jobs::SLICE, receivers::sweep).await?;
    let deleted = serde_json::json!({ "deliveries": deliveries, "messages": messages });
    job.result(Json::of(&deleted)?);
    Ok(())
}
