//! What is too old, and in which order it goes.

use std::time::Duration;

use database::seams::tail;
use kernel::events::NewEvent;
use kernel::jobs::Job;
use kernel::{App, Caller, Work, sealed};
use serde_json::json;
use types::{Error, ErrorKind, GroupId, Json, JsonMap, Result, Time};

use super::sql::{self, Group};
use super::{JOB, archive};
use crate::events::model::Event;

/// Events deleted in one transaction.
const SLICE: i64 = 1000;
/// Groups looked at together.
const GROUPS: i64 = 500;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Goes through all groups. A run that ends early loses nothing: what it has deleted is gone, and
/// the next one finds the rest.
pub(super) async fn run(app: App, job: Job) -> Result<()> {
    let began = app.now();
    let (mut after, mut deleted, mut refused) = (None, 0, None);
    loop {
        let groups = app
            .db
            .unbound()
            .read_long(async move |tx| sql::groups(tx, after, GROUPS).await)
            .await?;
        for group in &groups {
            match one(&app, group, began).await {
                Ok(count) => deleted += count,
                // What somebody did to the log of one group is no reason to keep those of others.
                Err(error) if error.kind() == ErrorKind::Conflict => {
                    tracing::error!(group = %group.id, "old events are not deleted: {error}");
                    refused = refused.or(Some(error));
                }
                Err(error) => return Err(error),
            }
        }
        after = groups.last().map(|group| group.id);
        if i64::try_from(groups.len())? < GROUPS {
            job.result(Json::of(&json!({ "events": deleted }))?);
            return refused.map_or(Ok(()), Err);
        }
    }
}

/// Deletes what is too old in one group; tells how many events.
async fn one(app: &App, group: &Group, began: Time) -> Result<u64> {
    let Some(days) = app.plans.retention_days(&group.plan, &group.limits) else { return Ok(0) };
    let days = u32::try_from(days.max(0)).unwrap_or(u32::MAX);
    let before = began.before(DAY.saturating_mul(days));
    let id = group.id;
    let mut deleted = 0;
    loop {
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
            return Ok(deleted);
        }
        let is_last = events.len() < usize::try_from(SLICE)?;
        if !events.is_empty() {
            keep(app, id, began, &events).await?;
        }
        delete(app, id, &events, (before, days)).await?;
        deleted += u64::try_from(events.len())?;
        if is_last {
            return Ok(deleted);
        }
    }
}

/// Writes events to a file of the group, and waits until they are on the disk.
async fn keep(app: &App, group: GroupId, began: Time, events: &[Event]) -> Result<()> {
    let Some(directory) = app.retention.archive.clone() else { return Ok(()) };
    // What stays, as somebody altered it, would be written anew each day.
    let keys = app.keys.clone();
    let seqs: Vec<i64> = events.iter().map(|one| one.seq).collect();
    app.db.unbound().read_long(async move |tx| sealed::may_go(tx, &keys, &seqs).await).await?;
    let packed = archive::pack(events)?;
    let name = archive::name(began, events);
    let work = move || archive::keep(&directory, group, &name, &packed);
    // What a task that broke says of itself may quote what it worked on.
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::internal("a task broke off"))?
}

/// Deletes a slice and tells the group.
async fn delete(
    app: &App,
    group: GroupId,
    events: &[Event],
    (before, days): (Time, u32),
) -> Result<()> {
    let places: Vec<(i64, Time)> = events.iter().map(|one| (one.seq, one.timestamp)).collect();
    let archived = app.retention.archive.is_some();
    app.change(&Caller::system(JOB), async move |work| {
        work.silently();
        // Who writes the database may have had another time there only for as long as it was asked.
        let places = sql::still_expired(work.tx, group, &places, before).await?;
        let why = json!({ "before": before, "eventRetentionDays": days, "archived": archived });
        remove(work, group, &places, why.as_object().unwrap_or(&JsonMap::new())).await
    })
    .await
}

/// Deletes events of a group that are sealed, and tells it in the same transaction how many and
/// why. For whoever verifies the log it is signed which they were.
///
/// # Errors
/// As [`sealed::let_go`].
pub(in crate::events) async fn remove(
    work: &mut Work<'_>,
    group: GroupId,
    places: &[(i64, Time)],
    why: &JsonMap,
) -> Result<()> {
    if !places.is_empty() {
        let seqs: Vec<i64> = places.iter().map(|(seq, _)| *seq).collect();
        sealed::let_go(work, &seqs).await?;
        sql::delete(work.tx, group, places, work.now).await?;
    }
    let count = sql::tell(work.tx, group).await?;
    if count > 0 {
        let mut metadata = why.clone();
        metadata.insert("count".to_owned(), count.into());
        let metadata = Json::of(&metadata)?;
        let event = NewEvent::new(group, "events_deleted", Some(group.into()), &metadata);
        work.record(event).await?;
    }
    Ok(())
}
