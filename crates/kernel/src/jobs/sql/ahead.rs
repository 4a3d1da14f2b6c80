//! Moments that a clock has set which was ahead.

use database::{Sql, Tx, args, seams};
use types::{Result, Time};

/// Jobs that failed and wait to be tried again, put there after `latest` by their own word, wait as
/// long as they were to, from now on; tells how many. Those that were put off on purpose stay where
/// they are: should it be this clock that is wrong, nothing is done before its time.
pub(in crate::jobs) async fn call_back(
    tx: &mut Tx,
    now: Time,
    latest: Time,
    most: i64,
) -> Result<u64> {
    let skip = seams::claim::skip_locked(tx);
    let mut sql = Sql::new("update jobs set run_at = run_at - updated_at + ");
    sql.bind(now).push(", updated_at = ").bind(now).push(
        " where id in ( \
         select id from jobs where state = 'queued' and not ready and attempts > 0 \
         and run_at > ",
    );
    sql.bind(latest).push(" and updated_at > ").bind(latest);
    sql.push(" order by run_at limit ").bind(most).push(skip).push(")");
    tx.run(sql.text(), sql.args()).await
}

/// Leases that end after `latest` end at `end`; tells how many.
pub(in crate::jobs) async fn shorten(tx: &mut Tx, end: Time, latest: Time) -> Result<u64> {
    tx.run(
        "update jobs set lease_until = $1 where state = 'running' and lease_until > $2",
        args![end, latest],
    )
    .await
}
