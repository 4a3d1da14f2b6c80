//! Into the queue.

use std::collections::BTreeMap;

use database::{Tx, Value, args};
use types::{JobId, Result, Time};
use uuid::Uuid;

use crate::jobs::NewJob;

const INSERT: &str = "insert into jobs (id, kind, payload, state, attempts, max_attempts, run_at, \
     ready, group_id, lane, priority, unique_key, tick_at, created_at, updated_at) values ";
const UNLESS_THERE: &str = " on conflict (kind, unique_key) \
     where unique_key is not null and state in ('queued', 'running') do nothing";
const WIDTH: usize = 15;

/// Whose turn it takes.
fn lane(job: &NewJob) -> String {
    job.group.map(|group| group.0.to_string()).unwrap_or_default()
}

fn row<'a>(id: Uuid, now: Time, job: &'a NewJob, lane: &'a str) -> [Value<'a>; WIDTH] {
    let run_at = job.run_at.unwrap_or(now);
    [
        id.into(),
        job.kind.into(),
        (&job.payload).into(),
        "queued".into(),
        0_i64.into(),
        job.max_attempts.into(),
        run_at.into(),
        (run_at <= now).into(),
        job.group.into(),
        lane.into(),
        job.priority.stored().into(),
        (&job.unique).into(),
        job.tick.into(),
        now.into(),
        now.into(),
    ]
}

pub(in crate::jobs) async fn insert(tx: &mut Tx, id: Uuid, now: Time, job: &NewJob) -> Result<()> {
    tx.insert_each(INSERT, "", WIDTH, &row(id, now, job, &lane(job))).await?;
    Ok(())
}

/// False when there is one like it.
pub(in crate::jobs) async fn insert_unique(
    tx: &mut Tx,
    id: Uuid,
    now: Time,
    job: &NewJob,
) -> Result<bool> {
    let lane = lane(job);
    let row = row(id, now, job, &lane);
    Ok(tx.insert_each(INSERT, UNLESS_THERE, WIDTH, &row).await? == 1)
}

/// How many are new, by kind.
pub(in crate::jobs) async fn insert_all(
    tx: &mut Tx,
    ids: &[Uuid],
    now: Time,
    jobs: &[NewJob],
) -> Result<BTreeMap<&'static str, u64>> {
    let lanes: Vec<String> = jobs.iter().map(lane).collect();
    let all = || ids.iter().zip(jobs).zip(&lanes);
    let mut made: BTreeMap<&'static str, u64> = jobs.iter().map(|job| (job.kind, 0)).collect();
    for (kind, count) in &mut made {
        for (tail, unique) in [("", false), (UNLESS_THERE, true)] {
            let rows: Vec<Value<'_>> = all()
                .filter(|((_, job), _)| job.kind == *kind && job.unique.is_some() == unique)
                .flat_map(|((id, job), lane)| row(*id, now, job, lane))
                .collect();
            *count += tx.insert_each(INSERT, tail, WIDTH, &rows).await?;
        }
    }
    Ok(made)
}

/// The queued or running job of a kind with this key.
pub(in crate::jobs) async fn find_unique(
    tx: &mut Tx,
    kind: &str,
    key: &str,
) -> Result<Option<JobId>> {
    tx.maybe(
        "select id from jobs where kind = $1 and unique_key = $2 \
         and unique_key is not null and state in ('queued', 'running')",
        args![kind, key],
        |row| row.get(0),
    )
    .await
}
