//! From the event log to whom it concerns: what few are told is made in the transaction that moves
//! the cursor, what many are told is left to a job.

use std::time::Duration;

use database::Tx;
use kernel::App;
use kernel::Work;
use kernel::events::{self as log, Entry};
use kernel::jobs::NewJob;
use serde_json::json;
use types::{EventId, GroupId, Json, Result, Time};
use uuid::Uuid;

use super::matters::{self, Matter};
use super::receivers::{self, Known, Telling};
use super::{fan_out, work_sql};
use crate::events;

/// Receivers of one event that are told at once.
const FEW: usize = 50;
/// Receivers of a batch that are.
const MOST: usize = 1000;
/// What happened longer ago is no news: it is read after a long pause, or was imported.
const NEWS: Duration = Duration::from_secs(86_400);

/// What a batch comes to.
struct Batch {
    tellings: Vec<Telling>,
    /// Events that concern many, with their groups.
    broad: Vec<(EventId, GroupId)>,
}

/// Follows the log until the task is dropped.
pub async fn follow(app: App) {
    let reading = app.clone();
    log::follow_changing(
        app,
        "notifications",
        async move |tx: &mut Tx, entries: &[Entry]| read(tx, entries, reading.now()).await,
        async |work: &mut Work<'_>, batch: &Batch| write(work, batch).await,
    )
    .await;
}

async fn read(tx: &mut Tx, entries: &[Entry], now: Time) -> Result<Batch> {
    let news = now.before(NEWS);
    let some: Vec<EventId> = entries
        .iter()
        .filter(|entry| matters::is_one(&entry.kind) && recorded_at(entry.id) >= news)
        .map(|entry| entry.id)
        .collect();
    let (mut tellings, mut broad) = (Vec::new(), Vec::new());
    let (mut known, mut room) = (Known::default(), MOST);
    let all = events::told_again(tx, &some).await?;
    let mut things = matters::new_things(tx, &all).await?;
    for told in all {
        let matter = Matter::of(tx, told, &mut things).await?;
        let event = &matter.told.event;
        let people = matter.page(tx, None, FEW + 1).await?;
        if people.len() > FEW.min(room) {
            broad.push((event.id, event.group_id));
            continue;
        }
        room -= people.len();
        tellings.extend(receivers::tellings(tx, &mut known, &matter, &people, now).await?);
    }
    Ok(Batch { tellings: receivers::together(tellings), broad })
}

/// When an event was recorded: ids made here say so. Others are as old as can be.
fn recorded_at(id: EventId) -> Time {
    let stamp = id.0.get_timestamp().map(|stamp| stamp.to_unix());
    let micros = stamp.and_then(|(seconds, nanos)| {
        i64::try_from(seconds).ok()?.checked_mul(1_000_000)?.checked_add(i64::from(nanos / 1000))
    });
    Time::from_micros(micros.unwrap_or_default())
}

async fn write(work: &mut Work<'_>, batch: &Batch) -> Result<()> {
    for telling in &batch.tellings {
        super::rules::tell(work, telling).await?;
    }
    for (event, group) in &batch.broad {
        let id: Uuid = work.id();
        work_sql::insert_run(work.tx, id, *group, *event, work.now).await?;
        let payload = Json::of(&json!({ "runId": id }))?;
        work.enqueue(NewJob::new(fan_out::FAN_OUT, payload).of_group(*group)).await?;
    }
    Ok(())
}
