//! Signs of life.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use types::{JobId, Result};

use super::sql;
use super::worker::{LEASE, Worker};

/// After so long without one that was heard, nothing here is ours any more.
const SILENCE: Duration = Duration::from_secs(35);

impl Worker {
    /// A sign of life for all that runs here, in one statement; with it comes word of what is to
    /// end, and goes word of how far the others are.
    pub(super) async fn beat(&mut self) {
        for over in self.running.give_up_stuck() {
            let (run, kind) = ((over.id, over.attempt), over.kind.clone());
            self.end(over);
            self.running.is_stuck(run, kind);
        }
        self.returned.extend(self.running.give_back());
        let held: Vec<JobId> = self.running.all().map(|(id, _)| id).collect();
        if held.is_empty() {
            self.heard = Instant::now();
            return;
        }
        match self.send_beat(held).await {
            Ok(()) => self.heard = Instant::now(),
            Err(error) => {
                tracing::warn!(cause = error.cause(), "a worker's sign of life was not heard");
                if self.heard.elapsed() > SILENCE {
                    self.lose_all();
                }
            }
        }
    }

    async fn send_beat(&mut self, ids: Vec<JobId>) -> Result<()> {
        let (worker, lease) = (self.id, self.app.now().after(LEASE));
        let asked = ids.clone();
        let told: Vec<(JobId, u8, String)> = self
            .running
            .all()
            .filter_map(|(id, held)| held.said.news().map(|(percent, said)| (id, percent, said)))
            .collect();
        let mine = self
            .app
            .db
            .unbound()
            .hand_out(async move |tx| {
                let mine = sql::beat(tx, worker, &asked, lease).await?;
                for (id, percent, words) in &told {
                    sql::tell(tx, worker, *id, i64::from(*percent), words).await?;
                }
                Ok(mine)
            })
            .await?;
        let mine: HashMap<JobId, (i64, bool)> =
            mine.into_iter().map(|(id, attempt, end)| (id, (attempt, end))).collect();
        for id in ids {
            let Some(held) = self.running.held(id) else { continue };
            match mine.get(&id) {
                Some((attempt, end)) if *attempt == held.attempt => {
                    if *end {
                        held.cancelled = true;
                        held.stop();
                    }
                }
                // Somebody else has it by now.
                _ => self.running.lose(id),
            }
        }
        Ok(())
    }

    /// The store was out of reach for too long: others may have what is held here.
    fn lose_all(&mut self) {
        let all: Vec<JobId> = self.running.all().map(|(id, _)| id).collect();
        tracing::error!(
            jobs = all.len(),
            "no sign of life was heard for too long: jobs are dropped"
        );
        for id in all {
            self.running.lose(id);
        }
    }
}
