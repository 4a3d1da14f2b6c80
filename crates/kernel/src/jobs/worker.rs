//! Runs jobs: claims what is due as places become free, and waits for news when nothing is.
//!
//! Each kind has its own places, so that a mail server that hangs holds up letters and nothing else.
//! All that ended meanwhile is stored, and all that can be taken is taken, in one transaction.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use types::{ErrorKind, JobId, Result, Time};
use uuid::Uuid;

use super::ahead;
use super::registry::{Jobs, Task};
use super::round::{self, Ending, Given, Orders, Round, Want};
use super::running::{Over, Running};
use super::schedules::{self, Schedule};
use super::sql::{self, Taker};
use super::threads::Threads;
use crate::App;

/// How long a claimed job is nobody else's without a sign of life: a job whose worker died runs
/// again within a minute.
pub(super) const LEASE: Duration = Duration::from_secs(45);
/// Between two signs of life.
const BEAT: Duration = Duration::from_secs(5);
/// How long a worker sleeps at most: another node's jobs wake nobody here.
const PATIENCE: Duration = Duration::from_secs(5);
/// While it has enough to do, it looks for other things this often.
const GLANCE: Duration = Duration::from_millis(250);
/// A kind whose groups all have their share is tried again after this, should no run here end.
const SHARED: Duration = Duration::from_secs(1);
/// Endings stored in one transaction.
const ENDINGS: usize = 512;

/// One run of a worker.
pub(super) struct Worker {
    pub(super) app: App,
    pub(super) id: Uuid,
    tasks: HashMap<&'static str, Task>,
    schedules: Arc<[Schedule]>,
    threads: Threads,
    pub(super) running: Running,
    over: mpsc::UnboundedReceiver<Over>,
    pub(super) endings: Vec<Ending>,
    pub(super) returned: Vec<JobId>,
    /// Kinds with something to take; of the others nothing is known to be there.
    pub(super) ready: HashSet<String>,
    /// Kinds of which only groups that have their share have something.
    pub(super) limited: HashSet<String>,
    /// The lane of each kind that was served last.
    last: HashMap<String, String>,
    due: Due,
    /// When a look is due again.
    look: Instant,
    looked: Instant,
    /// What the clock said then.
    seen: Time,
    /// When what a clock that was ahead left behind is looked for again.
    mend: Instant,
    pub(super) heard: Instant,
    failures: u32,
}

/// What else the next round is to do.
#[derive(Default)]
struct Due {
    promote: bool,
    rescue: bool,
    tick: bool,
}

impl Due {
    const fn any(&self) -> bool {
        self.promote || self.rescue || self.tick
    }
}

impl Worker {
    pub(super) fn new(jobs: Jobs, app: App, threads: Threads) -> Self {
        let (out, over) = mpsc::unbounded_channel();
        let now = Instant::now();
        Self {
            id: app.id(app.now()),
            running: Running::new(app.jobs, out),
            tasks: jobs.tasks,
            schedules: jobs.schedules.into(),
            threads,
            over,
            endings: Vec::new(),
            returned: Vec::new(),
            ready: HashSet::new(),
            limited: HashSet::new(),
            last: HashMap::new(),
            due: Due::default(),
            look: now,
            looked: now,
            seen: app.now(),
            mend: now + ahead::EVERY,
            heard: now,
            failures: 0,
            app,
        }
    }

    pub(super) async fn run(mut self) {
        while let Err(error) = self.settle().await {
            tracing::warn!(cause = error.cause(), "the queues cannot be opened");
            tokio::time::sleep(PATIENCE).await;
        }
        let (mut news, mut recalls) = (self.app.hub.jobs(), self.app.hub.recalls());
        let mut beat = Instant::now() + BEAT;
        let mut ended = Vec::new();
        loop {
            if recalls.has_changed().unwrap_or(false) || Instant::now() >= beat {
                recalls.mark_unchanged();
                self.beat().await;
                beat = Instant::now() + BEAT;
            }
            if news.has_changed().unwrap_or(false) {
                news.mark_unchanged();
                self.look = Instant::now();
            }
            while let Ok(over) = self.over.try_recv() {
                self.end(over);
            }
            let pause = match self.step().await {
                Ok(None) => continue,
                Ok(Some(pause)) => pause,
                Err(error) => {
                    self.failures = self.failures.saturating_add(1);
                    tracing::warn!(cause = error.cause(), "jobs cannot be claimed");
                    self.look = Instant::now();
                    // What ended is kept, and stored as soon as that is possible.
                    tokio::time::sleep(PATIENCE.min(Duration::from_millis(100) * self.failures))
                        .await;
                    continue;
                }
            };
            let pause = pause.min(beat.saturating_duration_since(Instant::now()));
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = news.changed() => self.look = Instant::now(),
                _ = recalls.changed() => beat = Instant::now(),
                _ = self.over.recv_many(&mut ended, ENDINGS) => {}
            }
            for over in ended.drain(..) {
                self.end(over);
            }
        }
    }

    /// Writes down which queues and schedules this process has.
    async fn settle(&self) -> Result<()> {
        let (now, schedules) = (self.app.now(), Arc::clone(&self.schedules));
        let mut kinds: Vec<&'static str> = self.tasks.keys().copied().collect();
        kinds.sort_unstable();
        self.app
            .db
            .unbound()
            .hand_out(async move |tx| {
                for kind in &kinds {
                    sql::open_queue(tx, kind, now).await?;
                }
                schedules::put(tx, &schedules, now).await?;
                ahead::mend(tx, &schedules, now).await
            })
            .await
    }

    /// Does what there is to do; when there is nothing, tells how long to wait.
    async fn step(&mut self) -> Result<Option<Duration>> {
        let busy = !self.endings.is_empty() || self.ready.iter().any(|kind| self.free(kind) > 0);
        let since = self.looked.elapsed();
        if Instant::now() >= self.look && (!busy || since > GLANCE) {
            self.look().await?;
        }
        let wants = self.wants();
        if wants.is_empty()
            && self.endings.is_empty()
            && self.returned.is_empty()
            && !self.due.any()
            && Instant::now() < self.mend
        {
            return Ok(Some(self.look.saturating_duration_since(Instant::now())));
        }
        if self.due.rescue && !self.running.is_empty() {
            // Should the clock have jumped, our own are not lost.
            self.beat().await;
        }
        let given = self.round(wants).await?;
        self.take(given);
        Ok(None)
    }

    /// Something may be there to be done after this.
    pub(super) fn look_within(&mut self, pause: Duration) {
        self.look = self.look.min(Instant::now() + pause);
    }

    fn free(&self, kind: &str) -> usize {
        self.running.free(kind)
    }

    async fn look(&mut self) -> Result<()> {
        let (now, schedules) = (self.app.now(), Arc::clone(&self.schedules));
        let sight =
            self.app.db.unbound().read(async move |tx| round::look(tx, &schedules).await).await?;
        let due = |at: Option<Time>| at.is_some_and(|at| at <= now);
        if now.after(ahead::APART) < self.seen {
            self.mend = Instant::now();
        }
        self.seen = now;
        self.due = Due {
            promote: due(sight.waiting),
            rescue: sight.lost.is_some_and(|at| at < now),
            tick: due(sight.tick),
        };
        self.ready = sight.kinds.into_iter().collect();
        self.limited.clear();
        let next = [sight.waiting, sight.lost, sight.tick].into_iter().flatten().min();
        let pause = next.map_or(PATIENCE, |at| {
            // Of this very moment, what is due is done by the next round.
            let micros = u64::try_from(at.micros() - now.micros()).unwrap_or(0).max(1000);
            Duration::from_micros(micros).min(PATIENCE)
        });
        (self.looked, self.look) = (Instant::now(), Instant::now() + pause);
        Ok(())
    }

    fn wants(&self) -> Arc<[Want]> {
        let wants = self.ready.iter().map(|kind| Want {
            kind: kind.clone(),
            places: self.free(kind),
            after: self.last.get(kind).cloned(),
        });
        wants.filter(|want| want.places > 0).collect()
    }

    async fn round(&mut self, wants: Arc<[Want]>) -> Result<HashMap<String, Given>> {
        let (app, now) = (self.app.clone(), self.app.now());
        let batch = self.endings.len().min(ENDINGS);
        let mend = Instant::now() >= self.mend;
        let orders = Orders {
            by: Taker { worker: self.id, now, lease: now.after(LEASE) },
            settings: app.jobs,
            endings: self.endings.iter().take(batch).cloned().collect(),
            returned: self.returned.as_slice().into(),
            wants,
            promote: self.due.promote,
            rescue: self.due.rescue,
            tick: self.due.tick.then(|| Arc::clone(&self.schedules)),
            mend: mend.then(|| Arc::clone(&self.schedules)),
        };
        let db = app.db.clone();
        match db.unbound().hand_out(async move |tx| round::round(tx, &app, &orders).await).await {
            Ok(Round { given, dead, ticked }) => {
                // Counted once they are stored: a transaction may run more than once.
                for kind in dead {
                    self.app.meters().jobs.of(&kind).dead.one();
                }
                for kind in ticked {
                    self.app.meters().jobs.of(kind).enqueued.one();
                }
                self.endings.drain(..batch);
                self.returned.clear();
                if mend {
                    self.mend = Instant::now() + ahead::EVERY;
                }
                if mend || self.due.any() {
                    // What came due is there to be taken now.
                    (self.due, self.look) = (Due::default(), Instant::now());
                    self.looked = self.looked.checked_sub(GLANCE).unwrap_or(self.looked);
                }
                self.failures = 0;
                Ok(given)
            }
            Err(error) => {
                if self.failures > 2 && error.kind() != ErrorKind::Overloaded && batch > 0 {
                    self.store_singly(batch).await;
                }
                Err(error)
            }
        }
    }

    fn take(&mut self, given: HashMap<String, Given>) {
        for (kind, given) in given {
            if !given.more {
                self.ready.remove(&kind);
            }
            if given.limited && !given.more {
                self.limited.insert(kind.clone());
                self.look_within(SHARED);
            }
            if let Some(last) = given.last {
                self.last.insert(kind, last);
            }
            for job in given.jobs {
                let task = self.tasks.get(job.kind.as_str()).cloned();
                if let Some(handle) = self.threads.handle() {
                    self.running.start(handle, &self.app, task, job);
                }
            }
        }
    }
}
