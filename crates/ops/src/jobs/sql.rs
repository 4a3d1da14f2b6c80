//! The statements about jobs. Those of the house have no group; who may see which is decided by the
//! rules, which name the group wherever somebody may see only its jobs.

use database::{Row, Sql, Tx, args};
use types::{Error, GroupId, JobId, Limit, Result, Time};
use uuid::Uuid;

use super::model::{JobFilter, JobPriority, JobQueue, JobRecord, JobSchedule, JobState};
use super::shown::shown;

const COLUMNS: &str = "select o.id, o.kind, o.state, o.group_id, o.priority, o.payload, \
     o.attempts, o.max_attempts, o.run_at, o.progress, o.progress_text, o.result, o.last_error, \
     o.cancel_at, o.tick_at, o.created_at, o.updated_at, o.expires_at from jobs o where ";

fn record(row: &Row<'_>) -> Result<JobRecord> {
    let state = JobState::named(row.text(2)?)
        .ok_or_else(|| Error::internal("a job is in a state that is none"))?;
    let cancel_at: Option<Time> = row.get(13)?;
    Ok(JobRecord {
        id: row.get(0)?,
        kind: row.get(1)?,
        state,
        group_id: row.get(3)?,
        priority: match row.get::<i64>(4)? {
            0 => JobPriority::High,
            1 => JobPriority::Normal,
            _ => JobPriority::Low,
        },
        payload: shown(&row.get(5)?),
        attempts: row.get(6)?,
        max_attempts: row.get(7)?,
        run_at: row.get(8)?,
        progress: row.get(9)?,
        progress_text: row.get(10)?,
        result: row.get::<Option<types::Json>>(11)?.as_ref().map(shown),
        last_error: row.get(12)?,
        cancelling: cancel_at.is_some() && state == JobState::Running,
        tick_at: row.get(14)?,
        created_at: row.get(15)?,
        updated_at: row.get(16)?,
        expires_at: row.get(17)?,
    })
}

/// Newest first.
pub(super) async fn list(
    tx: &mut Tx,
    filter: &JobFilter,
    after: Option<Uuid>,
    limit: Limit,
) -> Result<Vec<JobRecord>> {
    let mut sql = Sql::new(COLUMNS);
    sql.push("1 = 1");
    sql.and_equals("o.state", filter.state.map(JobState::name));
    sql.and_equals("o.kind", filter.kind.as_deref());
    sql.and_equals("o.group_id", filter.group_id);
    if let Some(after) = after {
        sql.push(" and o.id < ").bind(after);
    }
    sql.push(" order by o.id desc limit ").bind(limit.probe());
    tx.all(sql.text(), sql.args(), record).await
}

pub(super) async fn find(tx: &mut Tx, id: JobId) -> Result<Option<JobRecord>> {
    let mut sql = Sql::new(COLUMNS);
    sql.push("o.id = ").bind(id);
    tx.maybe(sql.text(), sql.args(), record).await
}

/// Whether a queued or running job of its kind has its unique key.
pub(super) async fn has_twin(tx: &mut Tx, id: JobId) -> Result<bool> {
    let found = tx
        .maybe(
            "select 1 from jobs t where t.unique_key is not null \
             and t.state in ('queued', 'running') and t.id <> $1 \
             and t.kind = (select o.kind from jobs o where o.id = $1) \
             and t.unique_key = (select o.unique_key from jobs o where o.id = $1)",
            args![id],
            |_| Ok(()),
        )
        .await?;
    Ok(found.is_some())
}

/// Queues a job that is over, or waits, to be run now. It has all its runs again.
pub(super) async fn retry(tx: &mut Tx, id: JobId, now: Time) -> Result<()> {
    tx.run(
        "update jobs set state = 'queued', ready = true, run_at = $2, attempts = 0, \
         cancel_at = null, expires_at = null, progress = null, progress_text = null, \
         result = null, updated_at = $2 where id = $1 and state in ('queued', 'dead', 'cancelled')",
        args![id, now],
    )
    .await?;
    Ok(())
}

/// Ends a job that has not begun.
pub(super) async fn cancel_queued(tx: &mut Tx, id: JobId, now: Time, expires: Time) -> Result<()> {
    tx.run(
        "update jobs set state = 'cancelled', ready = false, cancel_at = $2, expires_at = $3, \
         updated_at = $2 where id = $1 and state = 'queued'",
        args![id, now, expires],
    )
    .await?;
    Ok(())
}

/// Asks for the end of one that runs.
pub(super) async fn cancel_running(tx: &mut Tx, id: JobId, now: Time) -> Result<()> {
    tx.run(
        "update jobs set cancel_at = $2 where id = $1 and state = 'running' and cancel_at is null",
        args![id, now],
    )
    .await?;
    Ok(())
}

/// Queues dead jobs of a kind again, the oldest first; those with a unique key only where there is
/// none like it.
pub(super) async fn redrive(
    tx: &mut Tx,
    kind: &str,
    group: Option<GroupId>,
    now: Time,
    most: i64,
) -> Result<u64> {
    let mut sql = Sql::new("update jobs set state = 'queued', ready = true, run_at = ");
    sql.bind(now).push(", attempts = 0, cancel_at = null, expires_at = null, updated_at = ");
    sql.bind(now)
        .push(" where id in (select o.id from jobs o where o.state = 'dead' and o.kind = ");
    sql.bind(kind);
    sql.and_equals("o.group_id", group);
    sql.push(
        " and (o.unique_key is null or not exists (select 1 from jobs t where t.kind = o.kind \
         and t.unique_key = o.unique_key and t.unique_key is not null and t.id <> o.id \
         and (t.state in ('queued', 'running') or t.state = 'dead' and t.id < o.id))) \
         order by o.id limit ",
    );
    sql.bind(most).push(")");
    tx.run(sql.text(), sql.args()).await
}

/// How many jobs of each kind are in each state that is not over.
pub(super) async fn counts(tx: &mut Tx) -> Result<Vec<(String, String, i64)>> {
    tx.all(
        "select kind, state, count(*) from jobs where state in ('queued', 'running', 'dead') \
         group by kind, state",
        args![],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
    .await
}

/// Since when the job of a kind has been due that has waited longest; those that are to run later,
/// for the first time or again, do not wait yet.
pub(super) async fn oldest(tx: &mut Tx, kind: &str, now: Time) -> Result<Option<Time>> {
    tx.one(
        "select min(run_at) from jobs where state = 'queued' and kind = $1 and run_at <= $2",
        args![kind, now],
        |row| row.get(0),
    )
    .await
}

/// Every queue there is, empty, by kind.
pub(super) async fn queues(tx: &mut Tx) -> Result<Vec<JobQueue>> {
    tx.all("select kind, paused_at from job_queues order by kind", args![], |row| {
        Ok(JobQueue::empty(row.get(0)?, row.get(1)?))
    })
    .await
}

/// Closes or opens a queue; false when there is none of this kind, or it is so already.
pub(super) async fn pause(tx: &mut Tx, kind: &str, at: Option<Time>, now: Time) -> Result<bool> {
    let mut sql = Sql::new("update job_queues set paused_at = ");
    sql.bind(at).push(", updated_at = ").bind(now).push(" where kind = ").bind(kind);
    sql.push(if at.is_some() { " and paused_at is null" } else { " and paused_at is not null" });
    Ok(tx.run(sql.text(), sql.args()).await? == 1)
}

pub(super) async fn schedules(tx: &mut Tx) -> Result<Vec<JobSchedule>> {
    tx.all(
        "select name, kind, expression, next_at, last_at from job_schedules order by name",
        args![],
        |row| {
            Ok(JobSchedule {
                name: row.get(0)?,
                kind: row.get(1)?,
                expression: row.get(2)?,
                next_at: row.get(3)?,
                last_at: row.get(4)?,
            })
        },
    )
    .await
}

/// The platform's group: what is done to jobs of the house is told there.
pub(super) async fn platform(tx: &mut Tx) -> Result<Option<GroupId>> {
    tx.maybe("select id from groups where slug = 'platform'", args![], |row| row.get(0)).await
}
