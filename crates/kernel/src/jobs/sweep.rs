//! Clean-ups: what is due is deleted in slices, each a transaction of its own.

use database::Tx;
use types::{Result, Time};

use crate::App;

/// Rows of one slice: others wait for it.
pub const SLICE: i64 = 500;
/// Slices of one run: what is left has waited long, and can wait for the next tick.
const SLICES: usize = 500;

/// Deletes until nothing is left, or enough was done; tells how many rows.
///
/// `delete` is given the moment of the run and how many rows it may delete, at most `slice`, and
/// tells how many it did. Safe to run twice: what is gone is gone.
///
/// # Errors
/// What `delete` answers.
pub async fn sweep<F>(app: &App, slice: i64, delete: F) -> Result<u64>
where
    F: AsyncFn(&mut Tx, Time, i64) -> Result<u64> + Clone + Send + 'static,
{
    let (now, mut deleted) = (app.now(), 0);
    for _ in 0..SLICES {
        let delete = delete.clone();
        let some = app.db.unbound().write(async move |tx| delete(tx, now, slice).await).await?;
        deleted += some;
        if some < slice.unsigned_abs() {
            break;
        }
        tokio::task::yield_now().await;
    }
    Ok(deleted)
}
