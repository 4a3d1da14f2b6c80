//! What the queue knows of backups.

use database::{Tx, args};
use types::{JobId, Result, Time};

/// The job of a kind that is queued or running.
pub(super) async fn under_way(tx: &mut Tx, kind: &str) -> Result<Option<JobId>> {
    tx.maybe(
        "select id from jobs where kind = $1 and state in ('queued', 'running') \
         order by id desc limit 1",
        args![kind],
        |row| row.get(0),
    )
    .await
}

/// The next tick of a schedule.
pub(super) async fn next(tx: &mut Tx, name: &str) -> Result<Option<Time>> {
    tx.maybe("select next_at from job_schedules where name = $1", args![name], |row| row.get(0))
        .await
}
