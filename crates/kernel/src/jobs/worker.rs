//! Runs jobs: claims what is due as places become free, and waits for news when nothing is.
//!
//! No kind gets all places, so that a mail server that hangs holds up letters and nothing else.

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use database::Tx;
use futures_util::FutureExt as _;
use tokio::task::{Id, JoinSet};
use types::{Error, Result, Time};

use super::sql::{self, Head};
use super::{Job, backoff, is_hopeless};
use crate::App;

/// Jobs running at the same time in one process.
const PLACES: usize = 12;
/// Of them, jobs of the same kind.
const PLACES_PER_KIND: usize = 4;
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
pub type Handler = Arc<dyn Fn(App, Job) -> Run + Send + Sync>;
type Run = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

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
        let jobs = Arc::new(self);
        let mut running = Running::default();
        let mut news = app.hub.jobs();
        loop {
            running.forget_ended();
            news.mark_unchanged();
            let pause = match jobs.round(&app, &mut running).await {
                Ok(Some(pause)) => pause,
                Ok(None) => continue,
                Err(error) => {
                    tracing::warn!(cause = error.cause(), "jobs cannot be claimed");
                    PATIENCE
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = news.changed() => {}
                // A place became free, or a failed job has a new moment.
                () = running.one_ended() => {}
            }
        }
    }

    /// Starts what is due, as far as there are places; when nothing more is, how long to wait.
    async fn round(self: &Arc<Self>, app: &App, running: &mut Running) -> Result<Option<Duration>> {
        let free = running.free();
        if free == 0 {
            return Ok(Some(PATIENCE));
        }
        let (now, taken) = (app.now(), running.by_kind());
        let full = kinds_without_place(&taken);
        let due = app.db.unbound().read(async move |tx| next_due(tx, &full).await).await?;
        match due {
            Some(at) if at <= now => {}
            Some(at) => {
                let micros = u64::try_from(at.micros() - now.micros()).unwrap_or(0);
                return Ok(Some(Duration::from_micros(micros).min(PATIENCE)));
            }
            None => return Ok(Some(PATIENCE)),
        }
        let lease = now.after(LEASE);
        let claimed = app
            .db
            .unbound()
            .write(async move |tx| {
                sql::bury(tx, now).await?;
                sql::sweep(tx, now.before(KEEP_DONE)).await?;
                claim(tx, now, lease, free, taken.clone()).await
            })
            .await?;
        for job in claimed {
            let (jobs, app) = (Arc::clone(self), app.clone());
            running.start(job.kind.clone(), async move {
                if let Err(error) = jobs.one(&app, job).await {
                    tracing::warn!(cause = error.cause(), "a job's outcome was not stored");
                }
            });
        }
        Ok(None)
    }

    async fn one(&self, app: &App, job: Job) -> Result<()> {
        let (id, kind, attempt, last) = (job.id, job.kind.clone(), job.attempt, job.is_last());
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
            return app
                .db
                .unbound()
                .write(async move |tx| sql::finish(tx, id, attempt, now).await)
                .await;
        };
        let last = last || is_hopeless(&error);
        let why: String = error.to_string().chars().take(ERROR_CHARS).collect();
        tracing::warn!(job = %id, kind, attempt, last, "a job failed: {why}");
        let [dice] = app.random.bytes();
        let run_at = now.after(backoff(attempt, dice));
        let state = if last { "dead" } else { "queued" };
        app.db
            .unbound()
            .write(async move |tx| sql::fail(tx, id, attempt, state, run_at, &why, now).await)
            .await
    }
}

/// When something is due that is not of the kinds `full`.
async fn next_due(tx: &mut Tx, full: &[String]) -> Result<Option<Time>> {
    let heads = sql::heads(tx).await?;
    let due = heads.into_iter().filter(|head| !full.contains(&head.kind)).map(|head| head.due);
    let lost = sql::next_lost(tx, full).await?;
    Ok(due.chain(lost).min())
}

/// Claims up to `free` jobs, lost ones first, then what has been due for longest; `taken` counts
/// those of each kind that run.
async fn claim(
    tx: &mut Tx,
    now: Time,
    lease: Time,
    free: usize,
    mut taken: HashMap<String, usize>,
) -> Result<Vec<Job>> {
    let mut claimed: Vec<Job> = Vec::new();
    while claimed.len() < free {
        let full = kinds_without_place(&taken);
        let Some(job) = sql::claim_lost(tx, now, lease, &full).await? else { break };
        *taken.entry(job.kind.clone()).or_default() += 1;
        claimed.push(job);
    }
    // What is due there is held by other workers.
    let mut empty = Vec::new();
    while claimed.len() < free {
        let full = kinds_without_place(&taken);
        let open = |head: &Head| {
            head.due <= now && !full.contains(&head.kind) && !empty.contains(&head.kind)
        };
        let heads = sql::heads(tx).await?.into_iter().filter(open);
        let Some(head) = heads.min_by_key(|head| head.due) else { break };
        match sql::claim(tx, now, lease, &head.kind).await? {
            Some(job) => {
                *taken.entry(job.kind.clone()).or_default() += 1;
                claimed.push(job);
            }
            None => empty.push(head.kind),
        }
    }
    Ok(claimed)
}

/// The jobs of this process just now. Dropped, they end.
#[derive(Default)]
struct Running {
    tasks: JoinSet<()>,
    kinds: HashMap<Id, String>,
}

impl Running {
    fn free(&self) -> usize {
        PLACES.saturating_sub(self.kinds.len())
    }

    fn by_kind(&self) -> HashMap<String, usize> {
        let mut counted = HashMap::new();
        for kind in self.kinds.values() {
            *counted.entry(kind.clone()).or_default() += 1;
        }
        counted
    }

    fn start(&mut self, kind: String, job: impl Future<Output = ()> + Send + 'static) {
        let task = self.tasks.spawn(job);
        self.kinds.insert(task.id(), kind);
    }

    fn forget(&mut self, ended: Result<(Id, ()), tokio::task::JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => error.id(),
        };
        self.kinds.remove(&id);
    }

    fn forget_ended(&mut self) {
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            self.forget(ended);
        }
    }

    /// Waits until one ends; forever, when none runs.
    async fn one_ended(&mut self) {
        match self.tasks.join_next_with_id().await {
            Some(ended) => self.forget(ended),
            None => std::future::pending().await,
        }
    }
}

fn kinds_without_place(taken: &HashMap<String, usize>) -> Vec<String> {
    let full = taken.iter().filter(|(_, count)| **count >= PLACES_PER_KIND);
    full.map(|(kind, _)| kind.clone()).collect()
}
