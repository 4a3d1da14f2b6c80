//! What rooms register: handlers of kinds of jobs, and what comes back by the clock.

use std::borrow::Cow;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use types::Result;

use super::schedules::Schedule;
use super::threads::Threads;
use super::worker::Worker;
use super::{Job, sql};
use crate::App;

/// How long a run may take, unless its kind says otherwise.
const TIMEOUT: Duration = Duration::from_secs(55);
/// How long it may say.
const LONGEST: Duration = Duration::from_secs(6 * 3600);

/// Runs one kind of job.
pub type Handler = Arc<dyn Fn(App, Job) -> Run + Send + Sync>;
type Run = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// A handler, and how long it may take.
#[derive(Clone)]
pub(super) struct Task {
    pub(super) handler: Handler,
    pub(super) limit: Duration,
}

/// The handlers rooms registered.
#[derive(Clone)]
pub struct Jobs {
    pub(super) tasks: HashMap<&'static str, Task>,
    pub(super) schedules: Vec<Schedule>,
}

impl Default for Jobs {
    fn default() -> Self {
        Self { tasks: HashMap::new(), schedules: Vec::new() }.with(SWEEP, forget).every(
            "jobs.sweep",
            "23 * * * *",
            SWEEP,
        )
    }
}

impl Jobs {
    /// Registers the handler of one kind of job: a plain async function.
    #[must_use]
    pub fn with<F, R>(mut self, kind: &'static str, handler: F) -> Self
    where
        F: Fn(App, Job) -> R + Send + Sync + 'static,
        R: Future<Output = Result<()>> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |app, job| Box::pin(handler(app, job)));
        self.tasks.insert(kind, Task { handler, limit: TIMEOUT });
        self
    }

    /// Says how long a run of a kind may take, at most six hours; 55 seconds if nothing is said.
    #[must_use]
    pub fn within(mut self, kind: &'static str, limit: Duration) -> Self {
        if let Some(task) = self.tasks.get_mut(kind) {
            task.limit = limit.min(LONGEST);
        }
        self
    }

    /// Enqueues a job of a kind by the clock: a cron expression of five fields, in UTC. One job per
    /// tick in the whole cluster; ticks that no node saw are made up for by one.
    #[must_use]
    pub fn every(
        mut self,
        name: &'static str,
        expression: impl Into<Cow<'static, str>>,
        kind: &'static str,
    ) -> Self {
        match Schedule::new(name, expression, kind) {
            Ok(schedule) => self.schedules.push(schedule),
            Err(why) => tracing::error!(schedule = name, why, "a schedule is wrong; it never runs"),
        }
        self
    }

    /// Enqueues a job of a kind again and again, with this pause of a second at least; else as
    /// [`Jobs::every`].
    #[must_use]
    pub fn after_each(mut self, name: &'static str, pause: Duration, kind: &'static str) -> Self {
        self.schedules.push(Schedule::after_each(name, pause, kind));
        self
    }

    /// Runs jobs until the task is dropped.
    pub async fn run(self, app: App) {
        app.meters().jobs.know(self.tasks.keys().copied());
        match Threads::start(app.jobs.places()) {
            Ok(threads) => Worker::new(self, app, threads).run().await,
            Err(error) => tracing::error!(cause = error.cause(), "no threads for jobs"),
        }
    }
}

/// Forgets jobs that ended long ago.
const SWEEP: &str = "jobs.sweep";
/// Rows removed in one transaction: others wait for it.
const SWEPT: i64 = 500;
/// A schedule that nobody fired for so long is one that no node has.
const ABANDONED: Duration = Duration::from_secs(7 * 86_400);

async fn forget(app: App, _job: Job) -> Result<()> {
    let now = app.now();
    loop {
        let swept = app
            .db
            .unbound()
            .hand_out(async move |tx| sql::sweep(tx, now, now.before(ABANDONED), SWEPT).await)
            .await?;
        if swept < SWEPT.unsigned_abs() {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}
