//! The statements of the queue. Jobs belong to the house, not to a group.

use database::{Row, Sql, Tx, args, seams};
use types::{JobId, Result, Time};
use uuid::Uuid;

use super::{Job, NewJob};

pub(super) async fn insert(tx: &mut Tx, id: Uuid, now: Time, job: &NewJob) -> Result<()> {
    tx.run(
        "insert into jobs (id, kind, payload, state, attempts, max_attempts, run_at, created_at, \
         updated_at) values ($1, $2, $3, 'queued', 0, $4, $5, $6, $6)",
        args![id, job.kind, &job.payload, job.max_attempts, job.run_at.unwrap_or(now), now],
    )
    .await?;
    Ok(())
}

/// Gives up jobs whose last run never came back: one that kills its process must not run forever.
pub(super) async fn bury(tx: &mut Tx, now: Time) -> Result<()> {
    tx.run(
        "update jobs set state = 'dead', lease_until = null, last_error = $2, updated_at = $1 \
         where state = 'running' and lease_until < $1 and attempts >= max_attempts",
        args![now, "its worker died"],
    )
    .await?;
    Ok(())
}

/// Removes jobs that were done before `before`.
pub(super) async fn sweep(tx: &mut Tx, before: Time) -> Result<()> {
    tx.run("delete from jobs where state = 'done' and updated_at < $1", args![before]).await?;
    Ok(())
}

/// Whether a job of a kind waits, or is being run.
pub(super) async fn is_under_way(tx: &mut Tx, kind: &str, running: bool) -> Result<bool> {
    // Each along the index of its state; SQLite cannot do both in one look.
    let queued = "select 1 from jobs where kind = $1 and state = 'queued' limit 1";
    let begun = "select 1 from jobs where kind = $1 and state = 'running' limit 1";
    if tx.maybe(queued, args![kind], |_| Ok(())).await?.is_some() {
        return Ok(true);
    }
    Ok(running && tx.maybe(begun, args![kind], |_| Ok(())).await?.is_some())
}

/// Lets what waits for longer run at a moment.
pub(super) async fn hasten(tx: &mut Tx, kind: &str, at: Time) -> Result<()> {
    tx.run(
        "update jobs set run_at = $2 where kind = $1 and state = 'queued' and run_at > $2",
        args![kind, at],
    )
    .await?;
    Ok(())
}

/// A kind of which jobs wait, and when the first of them is due.
pub(super) struct Head {
    pub(super) kind: String,
    pub(super) due: Time,
}

/// The heads of all queues, one row for each kind: read from kind to kind along `jobs_queued`, so
/// that a long queue costs no more than a short one.
pub(super) async fn heads(tx: &mut Tx) -> Result<Vec<Head>> {
    tx.all(
        "with recursive kinds (kind) as ( \
         select min(kind) from jobs where state = 'queued' \
         union all \
         select (select min(j.kind) from jobs j where j.state = 'queued' and j.kind > kinds.kind) \
         from kinds where kinds.kind is not null) \
         select kind, (select min(j.run_at) from jobs j where j.state = 'queued' \
         and j.kind = kinds.kind) from kinds where kind is not null",
        args![],
        |row| Ok(Head { kind: row.get(0)?, due: row.get(1)? }),
    )
    .await
}

const TAKE: &str = "update jobs set state = 'running', attempts = attempts + 1, updated_at = ";
const TAKEN: &str = ") returning id, kind, payload, attempts, max_attempts";

fn job(row: &Row<'_>) -> Result<Job> {
    Ok(Job {
        id: row.get(0)?,
        kind: row.get(1)?,
        payload: row.get(2)?,
        attempt: row.get(3)?,
        max_attempts: row.get(4)?,
    })
}

/// Takes the job of a kind that has been due for longest.
pub(super) async fn claim(tx: &mut Tx, now: Time, lease: Time, kind: &str) -> Result<Option<Job>> {
    let skip = seams::claim::skip_locked(tx);
    let mut sql = Sql::new(TAKE);
    sql.bind(now).push(", lease_until = ").bind(lease);
    sql.push(" where id = (select id from jobs where state = 'queued' and kind = ").bind(kind);
    sql.push(" and run_at <= ").bind(now).push(" order by run_at, id limit ").bind(1_i64);
    sql.push(skip).push(TAKEN);
    tx.maybe(sql.text(), sql.args(), job).await
}

/// Takes a running job whose lease ended, unless it is of one of the kinds `full`.
pub(super) async fn claim_lost(
    tx: &mut Tx,
    now: Time,
    lease: Time,
    full: &[String],
) -> Result<Option<Job>> {
    let skip = seams::claim::skip_locked(tx);
    let mut sql = Sql::new(TAKE);
    sql.bind(now).push(", lease_until = ").bind(lease);
    sql.push(" where id = (select id from jobs where state = 'running' and lease_until < ");
    sql.bind(now);
    but_not(&mut sql, full);
    sql.push(" order by lease_until limit ").bind(1_i64).push(skip).push(TAKEN);
    tx.maybe(sql.text(), sql.args(), job).await
}

fn but_not<'a>(sql: &mut Sql<'a>, full: &'a [String]) {
    if !full.is_empty() {
        sql.push(" and kind not in ").bind_list(full.iter().map(String::as_str));
    }
}

/// When the next lease of a job that is not of the kinds `full` ends.
pub(super) async fn next_lost(tx: &mut Tx, full: &[String]) -> Result<Option<Time>> {
    let mut lost = Sql::new("select min(lease_until) from jobs where state = 'running'");
    but_not(&mut lost, full);
    tx.one(lost.text(), lost.args(), |row| row.get(0)).await
}

/// Only by the run that holds the job: one whose lease ended has no say any more.
pub(super) async fn finish(tx: &mut Tx, id: JobId, attempt: i64, now: Time) -> Result<()> {
    tx.run(
        "update jobs set state = 'done', lease_until = null, last_error = null, updated_at = $3 \
         where id = $1 and attempts = $2 and state = 'running'",
        args![id, attempt, now],
    )
    .await?;
    Ok(())
}

/// As [`finish`].
pub(super) async fn fail(
    tx: &mut Tx,
    id: JobId,
    attempt: i64,
    state: &'static str,
    run_at: Time,
    why: &str,
    now: Time,
) -> Result<()> {
    tx.run(
        "update jobs set state = $3, run_at = $4, lease_until = null, last_error = $5, \
         updated_at = $6 where id = $1 and attempts = $2 and state = 'running'",
        args![id, attempt, state, run_at, why, now],
    )
    .await?;
    Ok(())
}
