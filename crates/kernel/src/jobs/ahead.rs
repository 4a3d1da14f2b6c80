//! What a clock leaves behind that was ahead, once it is right again: ticks, moments and leases in what
//! is now the future, for which nobody would look before that has come.
//!
//! Looked for when a worker begins, when its clock went back, and every few minutes, should the clock
//! have been another node's. Not all the time: a node that goes on being ahead would make a tick each
//! time another one takes the next tick back.

use std::time::Duration;

use database::Tx;
use database::seams::clock;
use types::{Result, Time};

use super::schedules::{self, Schedule};
use super::sql;
use super::worker::LEASE;

/// Clocks that are no further apart are taken for the same.
pub(super) const APART: Duration = Duration::from_secs(60);
/// From one look to the next, where nothing happens to the clock.
pub(super) const EVERY: Duration = Duration::from_secs(600);
/// Waiting jobs that are called back at once.
const MOST: i64 = 5000;

/// Sets right what is stored of later than a right clock would have set it.
pub(super) async fn mend(tx: &mut Tx, schedules: &[Schedule], now: Time) -> Result<()> {
    let latest = now.after(APART);
    // To a clock that is behind, everything others have set is of later.
    if clock::of_server(tx).await?.is_some_and(|there| there > latest) {
        return Ok(());
    }
    let waiting = sql::call_back(tx, now, latest, MOST).await?;
    // Whoever is alive prolongs it; and nobody that is right holds a job for longer.
    let held = sql::shorten(tx, now.after(LEASE), latest.after(LEASE)).await?;
    if waiting + held > 0 {
        tracing::warn!(waiting, held, "jobs were put off by a clock that was ahead: no longer");
    }
    schedules::mend(tx, schedules, now).await
}
