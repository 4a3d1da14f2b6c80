//! Removes what nobody will look at any more, every hour.

use std::time::Duration;

use database::{Tx, args};
use kernel::jobs::NewJob;
use kernel::{App, Caller, Work};
use types::{Json, Result, Time};

use crate::{Settings, receivers, webhooks};

/// The job's kind.
pub(crate) const CLEAN_UP: &str = "integrations.clean_up";

const PAUSE: Duration = Duration::from_secs(3_600);
/// Rows removed in one transaction: others wait for it.
const BATCH: i64 = 500;
/// Transactions of one run: what is left has waited long and can wait another hour.
const ROUNDS: usize = 500;

/// Deletes deliveries that are too old or whose webhook is gone, and messages that can no longer
/// come in again; and comes back in an hour. Should two ever be queued, the first to end finds the
/// other and does not come back.
pub(crate) async fn clean_up(app: App, settings: Settings) -> Result<()> {
    let caller = Caller::system(CLEAN_UP);
    let dead = app.db.read_long(async |tx| webhooks::dead(tx).await).await?;
    for _ in 0..ROUNDS {
        let (dead, before) = (dead.clone(), app.now().before(settings.keep()));
        let full = app
            .change(&caller, async move |work| {
                work.silently();
                let now = work.now;
                let mut most = webhooks::sweep(work.tx, before, BATCH).await?;
                most = most.max(receivers::sweep(work.tx, now, BATCH).await?);
                for webhook in &dead {
                    let swept = webhooks::sweep_dead(work.tx, *webhook, BATCH).await?;
                    if swept > 0 {
                        most = most.max(BATCH.unsigned_abs());
                        break;
                    }
                }
                Ok(most >= BATCH.unsigned_abs())
            })
            .await?;
        if !full {
            break;
        }
    }
    app.change(&caller, async |work| {
        let next = work.now.after(PAUSE);
        queue(work, next).await
    })
    .await
}

/// Starts the rounds, unless one is queued already.
///
/// # Errors
/// As the store.
pub async fn boot(app: &App) -> Result<()> {
    app.change(&Caller::system(CLEAN_UP), async |work| {
        let now = work.now;
        queue(work, now).await
    })
    .await
}

async fn queue(work: &mut Work<'_>, at: Time) -> Result<()> {
    work.silently();
    if is_queued(work.tx).await? {
        return Ok(());
    }
    work.enqueue(NewJob::new(CLEAN_UP, Json::empty()).at(at)).await
}

/// Whether the next round is queued.
async fn is_queued(tx: &mut Tx) -> Result<bool> {
    let found = tx
        .maybe(
            "select 1 from jobs where kind = $1 and state = 'queued' limit 1",
            args![CLEAN_UP],
            |_| Ok(()),
        )
        .await?;
    Ok(found.is_some())
}
