//! What becomes of jobs that were taken. Only the run that holds a job has a say: its worker, and
//! its attempt.

use database::{Row, Sql, Tx, args, seams};
use types::{JobId, Json, Result, Time};
use uuid::Uuid;

use crate::jobs::Settings;

/// The jobs of one run of a worker are done, all at the same attempt; they said nothing.
pub(in crate::jobs) async fn done(
    tx: &mut Tx,
    worker: Uuid,
    attempt: i64,
    ids: &[JobId],
    now: Time,
    expires: Time,
) -> Result<()> {
    let mut sql = Sql::new("update jobs set state = 'done', lease_until = null, worker = null, ");
    sql.push("last_error = null, expires_at = ").bind(expires).push(", updated_at = ").bind(now);
    sql.push(" where worker = ").bind(worker).push(" and attempts = ").bind(attempt);
    sql.push(" and state = 'running' and id in ").bind_filled(ids.iter().copied());
    tx.run(sql.text(), sql.args()).await?;
    Ok(())
}

/// How one run ended.
#[derive(Debug, Clone)]
pub(in crate::jobs) struct Ended {
    pub(in crate::jobs) state: &'static str,
    pub(in crate::jobs) run_at: Time,
    pub(in crate::jobs) error: Option<String>,
    pub(in crate::jobs) expires: Option<Time>,
    /// Where it was to be tried again, but somebody wants it to end.
    pub(in crate::jobs) cancelled_until: Time,
    pub(in crate::jobs) percent: Option<i64>,
    pub(in crate::jobs) words: Option<String>,
    pub(in crate::jobs) result: Option<Json>,
    /// Of the next run, where it is another one.
    pub(in crate::jobs) payload: Option<Json>,
}

pub(in crate::jobs) async fn end(
    tx: &mut Tx,
    worker: Uuid,
    (id, attempt): (JobId, i64),
    ended: &Ended,
    now: Time,
) -> Result<()> {
    tx.run(
        "update jobs set \
         state = case when $4 = 'queued' and cancel_at is not null then 'cancelled' else $4 end, \
         ready = false, run_at = $5, lease_until = null, worker = null, last_error = $6, \
         expires_at = case when $4 = 'queued' and cancel_at is not null then cast($8 as bigint) \
         else cast($7 as bigint) end, progress = coalesce($9, progress), \
         progress_text = coalesce($10, progress_text), result = $11, updated_at = $12, \
         payload = coalesce($13, payload) \
         where id = $1 and attempts = $2 and worker = $3 and state = 'running'",
        args![
            id,
            attempt,
            worker,
            ended.state,
            ended.run_at,
            &ended.error,
            ended.expires,
            ended.cancelled_until,
            ended.percent,
            &ended.words,
            &ended.result,
            now,
            &ended.payload
        ],
    )
    .await?;
    Ok(())
}

/// Claimed, and not begun: somebody else may have them, and this was no attempt.
pub(in crate::jobs) async fn give_back(
    tx: &mut Tx,
    worker: Uuid,
    ids: &[JobId],
    now: Time,
) -> Result<()> {
    let mut sql = Sql::new(
        "update jobs set state = 'queued', ready = true, attempts = attempts - 1, \
         lease_until = null, worker = null, updated_at = ",
    );
    sql.bind(now).push(" where worker = ").bind(worker);
    sql.push(" and state = 'running' and id in ").bind_filled(ids.iter().copied());
    tx.run(sql.text(), sql.args()).await?;
    Ok(())
}

/// A sign of life: prolongs the leases of these, and tells of each that is still this worker's the
/// attempt and whether somebody wants it to end.
pub(in crate::jobs) async fn beat(
    tx: &mut Tx,
    worker: Uuid,
    ids: &[JobId],
    lease: Time,
) -> Result<Vec<(JobId, i64, bool)>> {
    let mut sql = Sql::new("update jobs set lease_until = ");
    sql.bind(lease).push(" where worker = ").bind(worker);
    sql.push(" and state = 'running' and id in ").bind_filled(ids.iter().copied());
    sql.push(" returning id, attempts, cancel_at");
    let mine =
        |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<Option<Time>>(2)?.is_some()));
    tx.all(sql.text(), sql.args(), mine).await
}

/// How far a job has come.
pub(in crate::jobs) async fn tell(
    tx: &mut Tx,
    worker: Uuid,
    id: JobId,
    percent: i64,
    words: &str,
) -> Result<()> {
    tx.run(
        "update jobs set progress = $3, progress_text = $4 \
         where id = $1 and worker = $2 and state = 'running'",
        args![id, worker, percent, words],
    )
    .await?;
    Ok(())
}

/// Jobs whose worker gave no sign of life until `before` are queued again, unless they were to
/// end, or killed their worker too often. Tells how many, and the kinds of those that are dead.
pub(in crate::jobs) async fn rescue(
    tx: &mut Tx,
    now: Time,
    before: Time,
    settings: &Settings,
) -> Result<(usize, Vec<String>)> {
    let skip = seams::claim::skip_locked(tx);
    let mut sql = Sql::new(
        "update jobs set state = case when cancel_at is not null then 'cancelled' \
         when attempts >= max_attempts then 'dead' else 'queued' end, ready = true, \
         lease_until = null, worker = null, last_error = 'its worker died', \
         expires_at = case when cancel_at is not null then cast(",
    );
    sql.bind(settings.done_until(now)).push(" as bigint) when attempts >= max_attempts then cast(");
    sql.bind(settings.dead_until(now)).push(" as bigint) end, updated_at = ").bind(now);
    sql.push(" where id in (select id from jobs where state = 'running' and lease_until < ");
    sql.bind(before).push(" order by lease_until limit ").bind(500_i64).push(skip).push(")");
    sql.push(" returning kind, state");
    let ended = |row: &Row<'_>| Ok((row.get(0)?, row.get::<String>(1)?));
    let ended: Vec<(String, String)> = tx.all(sql.text(), sql.args(), ended).await?;
    let count = ended.len();
    let dead = ended.into_iter().filter(|(_, state)| state == "dead").map(|(kind, _)| kind);
    Ok((count, dead.collect()))
}

/// Forgets jobs that ended long ago, and schedules that no node has; tells how many jobs.
pub(in crate::jobs) async fn sweep(
    tx: &mut Tx,
    now: Time,
    abandoned: Time,
    most: i64,
) -> Result<u64> {
    tx.run("delete from job_schedules where next_at < $1", args![abandoned]).await?;
    tx.run(
        "delete from jobs where id in (select id from jobs where expires_at is not null \
         and expires_at <= $1 order by expires_at limit $2)",
        args![now, most],
    )
    .await
}
