//! Removes what was read long ago, what nobody reads, and what is more than anybody can read.

use std::time::Duration;

use kernel::jobs::{Job, Jobs};
use kernel::{App, Caller};
use types::{Json, Result, ThingId};
use web::IfMatch;

use super::settings::days;
use super::{Settings, work_sql};
use crate::things;

/// The job's kind, and its schedule.
const CLEAN_UP: &str = "notifications.clean_up";
/// Removed in one transaction: others wait for it.
const SLICE: i64 = 50;
/// Slices of one run: what is left has waited long, and can wait for the next tick.
const SLICES: usize = 2000;

pub(super) fn jobs(jobs: Jobs, settings: Settings) -> Jobs {
    let pause = settings.clean_up_every();
    jobs.with(CLEAN_UP, move |app, job| clean_up(app, job, settings.clone()))
        .within(CLEAN_UP, Duration::from_secs(3600))
        .after_each(CLEAN_UP, pause, CLEAN_UP)
}

async fn clean_up(app: App, job: Job, settings: Settings) -> Result<()> {
    let (mut old, mut beyond, now) = (0, 0, app.now());
    let (read, unread) =
        (now.before(days(settings.keep_read_days)), now.before(days(settings.keep_unread_days)));
    for _ in 0..SLICES {
        let some = app
            .db
            .unbound()
            .read_long(async move |tx| work_sql::old(tx, read, unread, SLICE).await)
            .await?;
        old += some.len();
        if some.is_empty() {
            break;
        }
        remove(&app, some).await?;
    }
    let most = i64::from(settings.keep_most);
    for _ in 0..SLICES {
        let some = app
            .db
            .unbound()
            .read_long(async move |tx| {
                let mut some = Vec::new();
                for person in work_sql::full(tx, most, SLICE).await? {
                    some = work_sql::beyond(tx, person, most, SLICE).await?;
                    if !some.is_empty() {
                        break;
                    }
                }
                Ok(some)
            })
            .await?;
        beyond += some.len();
        if some.is_empty() {
            break;
        }
        remove(&app, some).await?;
    }
    job.result(Json::of(&serde_json::json!({ "old": old, "beyond": beyond }))?);
    Ok(())
}

async fn remove(app: &App, some: Vec<ThingId>) -> Result<()> {
    app.change(&Caller::system(CLEAN_UP), async move |work| {
        work.silently();
        for id in &some {
            match things::rules::remove_in(work, *id, IfMatch(None)).await {
                Ok(()) => {}
                // Somebody removed it meanwhile.
                Err(error) if error.kind() == types::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    })
    .await
}
