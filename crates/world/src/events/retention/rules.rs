//! What is too old, and in which order it goes.

use std::time::Duration;

use database::seams::tail;
use kernel::events::NewEvent;
use kernel::jobs::Job;
use kernel::{App, Caller};
use serde::{Deserialize, Serialize};
use serde_json::json;
use types::{GroupId, Json, Result, Time};

use super::sql::{self, Group};
use super::{JOB, archive, come_back};
use crate::events::model::Event;

/// Events deleted in one transaction.
const SLICE: i64 = 1000;
/// Slices of one run of the job, and groups looked at: what is left is the next run's, at once.
const SLICES: usize = 50;
const GROUPS: i64 = 500;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Where a round through the groups goes on.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Round {
    /// When it began; what it deletes is too old at that moment. Now, if it begins.
    began: Option<Time>,
    /// Groups up to this one are done.
    after: Option<GroupId>,
}

/// One run: some of the groups, then the job comes back — at once, until all were looked at.
pub(super) async fn run(app: App, job: Job) -> Result<()> {
    let mut round: Round = serde_json::from_str(job.payload.as_str())?;
    let began = *round.began.get_or_insert(app.now());
    let after = round.after;
    let groups =
        app.db.unbound().read_long(async move |tx| sql::groups(tx, after, GROUPS).await).await?;
    let all_of_them = groups.len() < usize::try_from(GROUPS)?;
    let mut slices = SLICES;
    for group in groups {
        let id = group.id;
        if !one(&app, &group, began, &mut slices).await? {
            return come_back(&app, Json::of(&round)?, app.now()).await;
        }
        round.after = Some(id);
    }
    if all_of_them {
        let next = began.after(app.retention.every);
        return come_back(&app, Json::of(&Round::default())?, next).await;
    }
    come_back(&app, Json::of(&round)?, app.now()).await
}

/// Deletes what is too old in one group; whether that is all of it.
async fn one(app: &App, group: &Group, began: Time, slices: &mut usize) -> Result<bool> {
    let Some(days) = app.plans.retention_days(&group.plan, &group.limits) else { return Ok(true) };
    let days = u32::try_from(days.max(0)).unwrap_or(u32::MAX);
    let before = began.before(DAY.saturating_mul(days));
    let id = group.id;
    loop {
        if *slices == 0 {
            return Ok(false);
        }
        *slices -= 1;
        let (events, untold) = app
            .db
            .unbound()
            .read_long(async move |tx| {
                let events = match tail::slowest(tx).await? {
                    Some(read) => sql::expired(tx, id, before, read, SLICE).await?,
                    // Nobody has read anything yet.
                    None => Vec::new(),
                };
                Ok((events, sql::untold(tx, id).await?))
            })
            .await?;
        if events.is_empty() && untold == 0 {
            return Ok(true);
        }
        let is_last = events.len() < usize::try_from(SLICE)?;
        if !events.is_empty() {
            keep(app, id, began, &events).await?;
        }
        let told = is_last.then_some((before, days));
        delete(app, id, &events, told).await?;
        if is_last {
            return Ok(true);
        }
    }
}

/// Writes events to the file of the group, and waits until they are on the disk.
async fn keep(app: &App, group: GroupId, began: Time, events: &[Event]) -> Result<()> {
    let Some(directory) = app.retention.archive.clone() else { return Ok(()) };
    let packed = archive::pack(events)?;
    tokio::task::spawn_blocking(move || archive::append(&directory, group, began, &packed)).await?
}

/// Deletes a slice; with the last one the group is told.
async fn delete(
    app: &App,
    group: GroupId,
    events: &[Event],
    told: Option<(Time, u32)>,
) -> Result<()> {
    let places: Vec<(i64, Time)> = events.iter().map(|one| (one.seq, one.timestamp)).collect();
    let archived = app.retention.archive.is_some();
    app.change(&Caller::system(JOB), async move |work| {
        work.silently();
        if !places.is_empty() {
            sql::delete(work.tx, group, &places, work.now).await?;
        }
        let Some((before, days)) = told else { return Ok(()) };
        let count = sql::tell(work.tx, group).await?;
        if count > 0 {
            let metadata = Json::of(&json!({
                "count": count, "before": before, "eventRetentionDays": days,
                "archived": archived,
            }))?;
            let event = NewEvent::new(group, "events_deleted", Some(group.into()), &metadata);
            work.record(event).await?;
        }
        Ok(())
    })
    .await
}
