//! The planner's statistics, right after a table has filled up.
//!
//! The server analyzes tables by itself, but only about once a minute; until then it takes a
//! table of thousands for an empty one and sorts all of it for a page of fifty. So a table that
//! was never analyzed and is no longer small is analyzed here, once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use types::Result;

use super::{Mode, Task, Turns, attempt};
use crate::part::untyped;
use crate::waits::Line;
use crate::watch::Watch;
use crate::{Reach, Tx};

const EVERY: Duration = Duration::from_secs(5);
/// Every table that lists page through.
const TABLES: [&str; 11] = [
    "things",
    "thing_values",
    "events",
    "connections",
    "knowledge",
    "thing_knowledge",
    "people",
    "memberships",
    "groups",
    "group_ancestors",
    "search_documents",
];

/// Looks every few seconds until the store is closed.
pub(super) async fn keep(queue: mpsc::WeakSender<Task>, watch: Arc<Watch>) {
    loop {
        tokio::time::sleep(EVERY).await;
        let Some(queue) = queue.upgrade() else { return };
        let (reply, answer) = oneshot::channel();
        let turns =
            Turns { doors: Arc::default(), seats: Arc::default(), watch: Arc::clone(&watch) };
        let look: Task = Box::new(move |pool| {
            // It waits in nobody's line.
            let how = (Mode::Alter, Reach::everything(), Arc::<Line>::default().join());
            Box::pin(attempt(pool, turns, how, untyped(refresh).0, reply))
        });
        // A full queue has more urgent things to do; the next look comes soon.
        if queue.try_send(look).is_ok()
            && let Ok(Err(error)) = answer.await
        {
            tracing::debug!(cause = error.cause(), "tables were not analyzed");
        }
    }
}

async fn refresh(tx: &mut Tx) -> Result<()> {
    let stale: Vec<String> = tx
        .all(
            "select cast(relname as text) from pg_stat_user_tables \
             where schemaname = current_schema() and last_analyze is null \
             and last_autoanalyze is null and n_live_tup > 500",
            &[],
            |row| row.get(0),
        )
        .await?;
    for table in TABLES.into_iter().filter(|table| stale.iter().any(|name| name == table)) {
        tx.script(&format!("analyze {table}")).await?;
    }
    Ok(())
}
