//! Forgets what was only remembered for a while, every hour.

use std::time::Duration;

use database::{Tx, args};
use kernel::App;
use kernel::jobs::{self, Job, Jobs};
use types::{Json, Result, Time};

/// The job's kind, and its schedule.
const CLEAN_UP: &str = "live.clean_up";
/// How long a message's own name is known: nobody sends one again later than this.
const KEEP: Duration = Duration::from_secs(7 * 86_400);

pub(crate) fn jobs(jobs: Jobs) -> Jobs {
    jobs.with(CLEAN_UP, clean_up).within(CLEAN_UP, Duration::from_secs(600)).every(
        CLEAN_UP,
        "52 * * * *",
        CLEAN_UP,
    )
}

async fn clean_up(app: App, job: Job) -> Result<()> {
    let names = jobs::sweep(&app, jobs::SLICE, forget).await?;
    job.result(Json::of(&serde_json::json!({ "clientIds": names }))?);
    Ok(())
}

/// Forgets names under which messages were sent long ago; the messages stay.
async fn forget(tx: &mut Tx, now: Time, most: i64) -> Result<u64> {
    tx.run(
        "delete from live_sent where (person_id, room_id, client_id) in \
         (select person_id, room_id, client_id from live_sent where sent_at < $1 \
         order by sent_at limit $2)",
        args![now.before(KEEP), most],
    )
    .await
}
