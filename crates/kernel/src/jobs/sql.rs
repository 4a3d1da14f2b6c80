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

pub(super) async fn finish(tx: &mut Tx, id: JobId, now: Time) -> Result<()> {
    tx.run(
        "update jobs set state = 'done', lease_until = null, last_error = null, updated_at = $2 \
         where id = $1",
        args![id, now],
    )
    .await?;
    Ok(())
}

pub(super) async fn fail(
    tx: &mut Tx,
    id: JobId,
    state: &'static str,
    run_at: Time,
    why: &str,
    now: Time,
) -> Result<()> {
    tx.run(
        "update jobs set state = $2, run_at = $3, lease_until = null, last_error = $4, \
         updated_at = $5 where id = $1",
        args![id, state, run_at, why, now],
    )
    .await?;
    Ok(())
}
