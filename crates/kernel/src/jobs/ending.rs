//! How runs end, and how that is stored.

use std::time::Duration;

use types::{ErrorKind, JobId, Result};

use super::job::clean;
use super::round::{self, Ending, Orders};
use super::running::{Held, Over};
use super::sql::{Ended, Taker};
use super::worker::Worker;
use super::{backoff, hopeless, is_hopeless};

/// Characters of an error kept with its job.
const ERROR_CHARS: usize = 500;

impl Worker {
    /// A run ended: what is to be stored of it.
    pub(super) fn end(&mut self, over: Over) {
        let Some(held) = self.running.end(&over) else { return };
        if self.limited.remove(&over.kind) {
            self.ready.insert(over.kind.clone());
        }
        let ended = match over.outcome {
            None if !held.cancelled => return,
            outcome => self.outcome(&over.kind, over.id, &held, outcome),
        };
        self.count(&over.kind, over.ran, ended.as_ref());
        self.endings.push(Ending { id: over.id, attempt: over.attempt, ended });
    }

    fn count(&self, kind: &str, ran: Option<Duration>, ended: Option<&Ended>) {
        let meter = self.app.meters().jobs.of(kind);
        if let Some(ran) = ran {
            meter.took.took(ran);
        }
        match ended.map_or("done", |ended| ended.state) {
            "done" => &meter.done,
            "dead" => &meter.dead,
            "cancelled" => &meter.cancelled,
            _ => &meter.failed,
        }
        .one();
    }

    fn outcome(
        &mut self,
        kind: &str,
        id: JobId,
        held: &Held,
        outcome: Option<Result<()>>,
    ) -> Option<Ended> {
        let (now, settings) = (self.app.now(), self.app.jobs);
        let words = held.said.words();
        let mut ended = Ended {
            state: "done",
            run_at: now,
            error: None,
            expires: Some(settings.done_until(now)),
            cancelled_until: settings.done_until(now),
            percent: words.percent.map(i64::from),
            words: words.percent.is_some().then(|| words.words.clone()),
            result: None,
            payload: None,
        };
        let error = match (outcome, &words.refused) {
            (None, _) => {
                ended.state = "cancelled";
                return Some(ended);
            }
            (Some(Ok(())), None) if words.is_empty() => return None,
            (Some(Ok(())), None) => {
                ended.result = words.result;
                return Some(ended);
            }
            (Some(Ok(())), Some(why)) => hopeless(why.clone()),
            (Some(Err(error)), _) => error,
        };
        let last = held.last || is_hopeless(&error);
        let why = clean(&error.to_string(), ERROR_CHARS);
        // Why is in the job: other people's servers quote addresses in what they say.
        let error_code = error.code();
        tracing::warn!(job = %id, kind, attempt = held.attempt, last, error_code, "a job failed");
        ended.error = Some(why);
        if last {
            (ended.state, ended.expires) = ("dead", Some(settings.dead_until(now)));
        } else {
            let pause = match words.again {
                Some((pause, payload)) => {
                    ended.payload = Some(payload);
                    pause
                }
                None => {
                    let [dice] = self.app.random.bytes();
                    backoff(held.attempt, dice)
                }
            };
            self.look_within(pause);
            let run_at = now.after(pause);
            (ended.state, ended.expires, ended.run_at) = ("queued", None, run_at);
        }
        Some(ended)
    }

    /// Something among these endings cannot be stored: each by itself, so that it holds up no other.
    pub(super) async fn store_singly(&mut self, batch: usize) {
        let endings: Vec<Ending> = self.endings.drain(..batch).collect();
        for ending in endings {
            let now = self.app.now();
            let orders = Orders {
                by: Taker { worker: self.id, now, lease: now },
                settings: self.app.jobs,
                endings: [ending.clone()].into(),
                returned: [].into(),
                wants: [].into(),
                promote: false,
                rescue: false,
                tick: None,
                mend: None,
            };
            let (app, db) = (self.app.clone(), self.app.db.clone());
            let stored =
                db.unbound().hand_out(async move |tx| round::round(tx, &app, &orders).await).await;
            match stored {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Overloaded => self.endings.push(ending),
                // Its lease runs out, and it runs again.
                Err(error) => tracing::error!(
                    job = %ending.id,
                    cause = error.cause(),
                    "a job's outcome cannot be stored"
                ),
            }
        }
    }
}
