//! Out of the queue: whose turn it is, and theirs alone.

use std::collections::HashMap;

use database::{Row, Sql, Tx, args, seams};
use types::{Result, Time};
use uuid::Uuid;

use crate::jobs::Job;

/// When something is to be done, at the earliest, that is no job to be taken now.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::jobs) struct Turns {
    /// A waiting job is due.
    pub(in crate::jobs) waiting: Option<Time>,
    /// A lease ends.
    pub(in crate::jobs) lost: Option<Time>,
}

/// The kinds of which jobs are due and whose queue is open: read from kind to kind along
/// `jobs_ready`, so that a long queue costs no more than a short one.
pub(in crate::jobs) async fn ready_kinds(tx: &mut Tx) -> Result<Vec<String>> {
    tx.all(
        "with recursive kinds (kind) as ( \
         select min(kind) from jobs where state = 'queued' and ready \
         union all \
         select (select min(j.kind) from jobs j where j.state = 'queued' and j.ready \
         and j.kind > kinds.kind) from kinds where kinds.kind is not null) \
         select kind from kinds where kind is not null and not exists \
         (select 1 from job_queues q where q.kind = kinds.kind and q.paused_at is not null)",
        args![],
        |row| row.get(0),
    )
    .await
}

pub(in crate::jobs) async fn look(tx: &mut Tx) -> Result<Turns> {
    tx.one(
        "select (select min(run_at) from jobs where state = 'queued' and not ready), \
         (select min(lease_until) from jobs where state = 'running')",
        args![],
        |row| Ok(Turns { waiting: row.get(0)?, lost: row.get(1)? }),
    )
    .await
}

/// Lets jobs be taken whose moment has come; tells how many.
pub(in crate::jobs) async fn promote(tx: &mut Tx, now: Time, most: i64) -> Result<u64> {
    let skip = seams::claim::skip_locked(tx);
    let mut sql = Sql::new(
        "update jobs set ready = true where id in ( \
         select id from jobs where state = 'queued' and not ready and run_at <= ",
    );
    sql.bind(now).push(" order by run_at limit ").bind(most).push(skip).push(")");
    tx.run(sql.text(), sql.args()).await
}

/// Holds the queues of these kinds and tells which of them are open. In order, so that no two wait
/// for each other.
pub(in crate::jobs) async fn hold_queues(
    tx: &mut Tx,
    kinds: &[String],
) -> Result<HashMap<String, bool>> {
    let held = seams::claim::held(tx);
    let mut sql = Sql::new("select kind, paused_at from job_queues where kind in ");
    sql.bind_list(kinds.iter().map(String::as_str)).push(" order by kind").push(held);
    let open = |row: &Row<'_>| Ok((row.get(0)?, row.get::<Option<Time>>(1)?.is_none()));
    Ok(tx.all(sql.text(), sql.args(), open).await?.into_iter().collect())
}

/// There is a queue of this kind from now on.
pub(in crate::jobs) async fn open_queue(tx: &mut Tx, kind: &str, now: Time) -> Result<()> {
    tx.run(
        "insert into job_queues (kind, updated_at) values ($1, $2) on conflict (kind) do nothing",
        args![kind, now],
    )
    .await?;
    Ok(())
}

/// The next lanes of a kind with something to take, after a lane, or from the first one.
pub(in crate::jobs) async fn lanes(
    tx: &mut Tx,
    kind: &str,
    after: Option<&str>,
    most: i64,
) -> Result<Vec<String>> {
    let mut sql = Sql::new(
        "with recursive lanes (lane, n) as ( \
         select (select min(j.lane) from jobs j where j.state = 'queued' and j.ready \
         and j.kind = ",
    );
    sql.bind(kind).push(if after.is_some() { " and j.lane > " } else { " and j.lane >= " });
    sql.bind(after.unwrap_or_default());
    sql.push(
        "), 1 union all \
         select (select min(j.lane) from jobs j where j.state = 'queued' and j.ready \
         and j.lane > lanes.lane and j.kind = ",
    );
    sql.bind(kind).push("), lanes.n + 1 from lanes where lanes.lane is not null and lanes.n < ");
    sql.bind(most).push(") select lane from lanes where lane is not null");
    tx.all(sql.text(), sql.args(), |row| row.get(0)).await
}

/// How many jobs of a kind run for each of these groups: never more than may run at once.
pub(in crate::jobs) async fn counted(
    tx: &mut Tx,
    kind: &str,
    lanes: &[String],
) -> Result<HashMap<String, i64>> {
    let mut sql = Sql::new(
        "select lane, count(*) from jobs where state = 'running' and lane <> '' and kind = ",
    );
    sql.bind(kind).push(" and lane in ").bind_list(lanes.iter().map(String::as_str));
    sql.push(" group by lane");
    let counted = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    Ok(tx.all(sql.text(), sql.args(), counted).await?.into_iter().collect())
}

/// Who takes, for how long.
#[derive(Debug, Clone, Copy)]
pub(in crate::jobs) struct Taker {
    pub(in crate::jobs) worker: Uuid,
    pub(in crate::jobs) now: Time,
    pub(in crate::jobs) lease: Time,
}

/// Takes the first jobs of a lane, in their order.
pub(in crate::jobs) async fn claim(
    tx: &mut Tx,
    by: Taker,
    kind: &str,
    lane: &str,
    most: i64,
) -> Result<Vec<Job>> {
    let skip = seams::claim::skip_locked(tx);
    // Picked once: a planner may run a subquery again, and take more than it was to.
    let mut sql = Sql::new(
        "with picked as materialized ( \
         select id from jobs where state = 'queued' and ready and kind = ",
    );
    sql.bind(kind).push(" and lane = ").bind(lane);
    sql.push(" order by priority, run_at, id limit ").bind(most).push(skip);
    sql.push(") update jobs set state = 'running', attempts = attempts + 1, worker = ");
    sql.bind(by.worker).push(", lease_until = ").bind(by.lease);
    sql.push(", updated_at = ").bind(by.now);
    sql.push(
        " where id in (select id from picked) \
         returning id, kind, payload, attempts, max_attempts, group_id, tick_at, priority, run_at",
    );
    let mut taken = tx.all(sql.text(), sql.args(), job).await?;
    taken.sort_by_key(|(place, job)| (*place, job.id.0));
    Ok(taken.into_iter().map(|(_, job)| job).collect())
}

fn job(row: &Row<'_>) -> Result<((i64, i64), Job)> {
    let job = Job {
        id: row.get(0)?,
        kind: row.get(1)?,
        payload: row.get(2)?,
        attempt: row.get(3)?,
        max_attempts: row.get(4)?,
        group: row.get(5)?,
        tick: row.get(6)?,
        said: std::sync::Arc::default(),
    };
    Ok(((row.get(7)?, row.get(8)?), job))
}
