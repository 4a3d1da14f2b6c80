//! The statements of the queue. Jobs belong to the house, not to a group.

use database::{Tx, args, seams};
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

/// Takes up to `limit` due jobs, and running ones whose lease ended.
pub(super) async fn claim(tx: &mut Tx, now: Time, lease: Time, limit: i64) -> Result<Vec<Job>> {
    let skip = seams::claim::skip_locked(tx);
    let sql = format!(
        "update jobs set state = 'running', attempts = attempts + 1, lease_until = $2, \
         updated_at = $1 where id in (\
           select id from jobs \
           where (state = 'queued' and run_at <= $1) or (state = 'running' and lease_until < $1) \
           order by run_at, id limit $3{skip}) \
         returning id, kind, payload, attempts, max_attempts"
    );
    tx.all(&sql, args![now, lease, limit], |row| {
        Ok(Job {
            id: row.get(0)?,
            kind: row.get(1)?,
            payload: row.get(2)?,
            attempt: row.get(3)?,
            max_attempts: row.get(4)?,
        })
    })
    .await
}

/// When the next job is due or the next lease ends.
pub(super) async fn next_due(tx: &mut Tx) -> Result<Option<Time>> {
    let due: Option<Time> = tx
        .one("select min(run_at) from jobs where state = 'queued'", &[], |row| row.get(0))
        .await?;
    let lost: Option<Time> = tx
        .one("select min(lease_until) from jobs where state = 'running'", &[], |row| row.get(0))
        .await?;
    Ok(match (due, lost) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    })
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
