//! Runs jobs: claims what is due, a few at a time, and waits for news when nothing is.

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::stream::{self, StreamExt as _};
use types::{Error, Result};

use super::{Job, backoff, sql};
use crate::App;

/// Jobs running at the same time in one process.
const WORKERS: usize = 4;
/// How long a claimed job is nobody else's; its handler is stopped before that.
const LEASE: Duration = Duration::from_secs(60);
const TIMEOUT: Duration = Duration::from_secs(55);
/// How long a worker sleeps at most: another node's jobs wake nobody here.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a job that is done can still be looked up.
const KEEP_DONE: Duration = Duration::from_secs(7 * 24 * 3600);
/// Characters of an error kept with its job.
const ERROR_CHARS: usize = 500;

/// Runs one kind of job.
pub type Handler = Arc<dyn Fn(App, Job) -> Running + Send + Sync>;
type Running = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// The handlers rooms registered.
#[derive(Clone, Default)]
pub struct Jobs(HashMap<&'static str, Handler>);

impl Jobs {
    /// Registers the handler of one kind of job: a plain async function.
    #[must_use]
    pub fn with<F, R>(mut self, kind: &'static str, handler: F) -> Self
    where
        F: Fn(App, Job) -> R + Send + Sync + 'static,
        R: Future<Output = Result<()>> + Send + 'static,
    {
        self.0.insert(kind, Arc::new(move |app, job| Box::pin(handler(app, job))));
        self
    }

    /// Runs jobs until the task is dropped.
    pub async fn run(self, app: App) {
        let mut news = app.hub.jobs();
        loop {
            news.mark_unchanged();
            let pause = match self.round(&app).await {
                Ok(Some(pause)) => pause,
                Ok(None) => continue,
                Err(error) => {
                    tracing::warn!(cause = error.cause(), "jobs cannot be claimed");
                    PATIENCE
                }
            };
            let _ = tokio::time::timeout(pause, news.changed()).await;
        }
    }

    /// Runs what is due; when nothing is, how long to wait.
    async fn round(&self, app: &App) -> Result<Option<Duration>> {
        let now = app.now();
        let due = app.db.read(async |tx| sql::next_due(tx).await).await?;
        match due {
            Some(at) if at <= now => {}
            Some(at) => {
                let micros = u64::try_from(at.micros() - now.micros()).unwrap_or(0);
                return Ok(Some(Duration::from_micros(micros).min(PATIENCE)));
            }
            None => return Ok(Some(PATIENCE)),
        }
        let lease = now.after(LEASE);
        let limit = i64::try_from(WORKERS).unwrap_or(1);
        let jobs = app
            .db
            .write(async move |tx| {
                sql::bury(tx, now).await?;
                sql::sweep(tx, now.before(KEEP_DONE)).await?;
                sql::claim(tx, now, lease, limit).await
            })
            .await?;
        stream::iter(jobs)
            .for_each_concurrent(WORKERS, |job| async {
                if let Err(error) = self.one(app, job).await {
                    tracing::warn!(cause = error.cause(), "a job's outcome was not stored");
                }
            })
            .await;
        Ok(None)
    }

    async fn one(&self, app: &App, job: Job) -> Result<()> {
        let (id, kind, attempt, last) =
            (job.id, job.kind.clone(), job.attempt, job.attempt >= job.max_attempts);
        let outcome = match self.0.get(job.kind.as_str()) {
            None => Err(Error::internal(format!("no handler for jobs of kind {kind}"))),
            Some(handler) => {
                let run = AssertUnwindSafe(handler(app.clone(), job)).catch_unwind();
                match tokio::time::timeout(TIMEOUT, run).await {
                    Ok(Ok(outcome)) => outcome,
                    Ok(Err(_)) => Err(Error::internal("the handler panicked")),
                    Err(_) => Err(Error::internal("the handler took too long")),
                }
            }
        };
        let now = app.now();
        let Err(error) = outcome else {
            return app.db.write(async move |tx| sql::finish(tx, id, attempt, now).await).await;
        };
        let why: String = error.to_string().chars().take(ERROR_CHARS).collect();
        tracing::warn!(job = %id, kind, attempt, last, "a job failed: {why}");
        let [dice] = app.random.bytes();
        let run_at = now.after(backoff(attempt, dice));
        let state = if last { "dead" } else { "queued" };
        app.db
            .write(async move |tx| sql::fail(tx, id, attempt, state, run_at, &why, now).await)
            .await
    }
}
