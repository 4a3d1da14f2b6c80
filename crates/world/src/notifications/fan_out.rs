//! Tells many of one event, some at a time. How far it has come is moved in the transaction in
//! which they are told, so that a run that is run again tells nobody twice.

use std::collections::HashMap;
use std::time::Duration;

use kernel::jobs::{Job, Jobs};
use kernel::{App, Caller};
use serde::Deserialize;
use types::{PersonId, Result};
use uuid::Uuid;

use super::matters::Matter;
use super::receivers::{self, Known, Telling};
use super::{rules, work_sql};
use crate::events;

/// The job's kind.
pub(super) const FAN_OUT: &str = "notifications.fan_out";
/// People told in one transaction: others wait for it.
const SOME: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    run_id: Uuid,
}

pub(super) fn jobs(jobs: Jobs) -> Jobs {
    jobs.with(FAN_OUT, fan_out).within(FAN_OUT, Duration::from_secs(3600))
}

async fn fan_out(app: App, job: Job) -> Result<()> {
    let Payload { run_id } = serde_json::from_str(job.payload.as_str())?;
    while some(&app, run_id).await? {}
    Ok(())
}

/// Whether there may be more.
async fn some(app: &App, run: Uuid) -> Result<bool> {
    let now = app.now();
    let read = app
        .db
        .unbound()
        .read_long(async move |tx| {
            let Some((event, after)) = work_sql::run(tx, run).await? else { return Ok(None) };
            // Gone with its time: then nobody has to know.
            let Some(told) = events::told_again(tx, &[event]).await?.pop() else {
                return Ok(Some((after, None, Vec::new())));
            };
            let matter = Matter::of(tx, told, &mut HashMap::new()).await?;
            let people = matter.page(tx, after, SOME).await?;
            let last = people.last().map(|(person, _)| *person).filter(|_| people.len() == SOME);
            let mut known = Known::default();
            let tellings = receivers::tellings(tx, &mut known, &matter, &people, now).await?;
            Ok(Some((after, last, tellings)))
        })
        .await?;
    let Some((after, last, tellings)) = read else { return Ok(false) };
    tell(app, run, after, last, tellings).await?;
    Ok(last.is_some())
}

async fn tell(
    app: &App,
    run: Uuid,
    after: Option<PersonId>,
    last: Option<PersonId>,
    tellings: Vec<Telling>,
) -> Result<()> {
    app.change(&Caller::system(FAN_OUT), async move |work| {
        work.silently();
        let is_first = match last {
            Some(last) => work_sql::move_run(work.tx, run, after, last).await?,
            None => work_sql::end_run(work.tx, run, after).await?,
        };
        if !is_first {
            return Ok(());
        }
        for telling in &tellings {
            rules::tell(work, telling).await?;
        }
        Ok(())
    })
    .await
}
