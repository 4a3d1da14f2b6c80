//! Jobs that come back.

use database::{Row, Sql, Tx, args};
use types::{Result, Time};

/// There is this schedule from now on; one that is as it was keeps its next tick.
pub(in crate::jobs) async fn put_schedule(
    tx: &mut Tx,
    name: &str,
    kind: &str,
    expression: &str,
    next: Time,
    now: Time,
) -> Result<()> {
    tx.run(
        "insert into job_schedules (name, kind, expression, next_at, updated_at) \
         values ($1, $2, $3, $4, $5) on conflict (name) do update set kind = excluded.kind, \
         expression = excluded.expression, next_at = excluded.next_at, \
         updated_at = excluded.updated_at where job_schedules.kind <> excluded.kind \
         or job_schedules.expression <> excluded.expression",
        args![name, kind, expression, next, now],
    )
    .await?;
    Ok(())
}

/// What is stored of a schedule.
#[derive(Debug)]
pub(in crate::jobs) struct Stored {
    pub(in crate::jobs) name: String,
    pub(in crate::jobs) expression: String,
    pub(in crate::jobs) next: Time,
    /// The tick that was made last.
    pub(in crate::jobs) last: Option<Time>,
}

pub(in crate::jobs) async fn stored(tx: &mut Tx, names: &[&'static str]) -> Result<Vec<Stored>> {
    let mut sql =
        Sql::new("select name, expression, next_at, last_at from job_schedules where name in ");
    sql.bind_list(names.iter().copied()).push(" order by name");
    let stored = |row: &Row<'_>| {
        Ok(Stored {
            name: row.get(0)?,
            expression: row.get(1)?,
            next: row.get(2)?,
            last: row.get(3)?,
        })
    };
    tx.all(sql.text(), sql.args(), stored).await
}

/// Has a schedule come back at another moment than `before`, if it is that still.
pub(in crate::jobs) async fn set_next(
    tx: &mut Tx,
    name: &str,
    before: Time,
    next: Time,
    now: Time,
) -> Result<()> {
    tx.run(
        "update job_schedules set next_at = $3, updated_at = $4 where name = $1 and next_at = $2",
        args![name, before, next, now],
    )
    .await?;
    Ok(())
}

/// The next ticks of these schedules, the first one first.
pub(in crate::jobs) async fn due(
    tx: &mut Tx,
    names: &[&'static str],
) -> Result<Vec<(String, Time)>> {
    let mut sql = Sql::new("select name, next_at from job_schedules where name in ");
    sql.bind_list(names.iter().copied()).push(" order by next_at, name");
    tx.all(sql.text(), sql.args(), |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?))).await
}

/// Takes one tick; false when another node did.
pub(in crate::jobs) async fn fire(
    tx: &mut Tx,
    name: &str,
    tick: Time,
    next: Time,
    now: Time,
) -> Result<bool> {
    let rows = tx
        .run(
            "update job_schedules set next_at = $3, last_at = $2, updated_at = $4 \
             where name = $1 and next_at = $2",
            args![name, tick, next, now],
        )
        .await?;
    Ok(rows == 1)
}
