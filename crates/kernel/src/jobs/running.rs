//! The jobs that one process has taken, by kind: a few run at a time, others wait at hand.

use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use telemetry::within;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use types::{Error, JobId, Result};

use super::job::Said;
use super::registry::Task;
use super::{Job, Settings};
use crate::App;

/// Jobs of one kind that are at hand at most, where they are over in no time.
const AT_HAND: usize = 256;
/// A kind whose jobs are over this fast has more of them at hand; one slower than that few.
const FAST: Duration = Duration::from_millis(50);
const SLOW: Duration = Duration::from_millis(250);
/// What waits at hand for longer is given back.
const TOO_LONG: Duration = Duration::from_secs(1);
/// How long past its time limit a run may go on until it is held for stuck.
const GRACE: Duration = Duration::from_secs(5);

/// A run that ended.
pub(super) struct Over {
    pub(super) id: JobId,
    pub(super) kind: String,
    pub(super) attempt: i64,
    /// None: it was told to stop.
    pub(super) outcome: Option<Result<()>>,
    /// How long it ran; none where it had not begun. Whoever stores this may come to it later.
    pub(super) ran: Option<Duration>,
}

/// A job that this process has taken.
pub(super) struct Held {
    pub(super) kind: String,
    pub(super) attempt: i64,
    pub(super) last: bool,
    pub(super) said: Arc<Said>,
    pub(super) since: Instant,
    /// Somebody wants it to end.
    pub(super) cancelled: bool,
    began: Arc<OnceLock<Instant>>,
    limit: Duration,
    stop: Option<oneshot::Sender<()>>,
}

impl Held {
    /// Tells the run to stop: it is dropped at its next await.
    pub(super) fn stop(&mut self) {
        self.stop.take();
    }

    /// How long it has run; nothing when it has not begun.
    fn ran(&self) -> Option<Duration> {
        self.began.get().map(Instant::elapsed)
    }

    fn is_stuck(&self) -> bool {
        self.ran().is_some_and(|ran| ran > self.limit + GRACE)
    }
}

/// What a runner needs to run a job.
struct Turn {
    job: Job,
    task: Option<Task>,
    began: Arc<OnceLock<Instant>>,
    stop: oneshot::Receiver<()>,
}

/// The jobs of one kind.
struct Crew {
    hand: Arc<Mutex<Hand>>,
    /// Jobs taken at a time.
    cap: usize,
}

#[derive(Default)]
struct Hand {
    turns: VecDeque<Turn>,
    runners: usize,
}

fn open(hand: &Mutex<Hand>) -> std::sync::MutexGuard<'_, Hand> {
    hand.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All jobs this process has taken. Dropped, they end.
pub(super) struct Running {
    held: HashMap<JobId, Held>,
    crews: HashMap<String, Crew>,
    /// Runs that did not stop in time, and still go on.
    stuck: HashMap<(JobId, i64), String>,
    out: mpsc::UnboundedSender<Over>,
    places: usize,
}

impl Running {
    pub(super) fn new(settings: Settings, out: mpsc::UnboundedSender<Over>) -> Self {
        Self {
            held: HashMap::new(),
            crews: HashMap::new(),
            stuck: HashMap::new(),
            out,
            places: settings.places(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    pub(super) fn held(&mut self, id: JobId) -> Option<&mut Held> {
        self.held.get_mut(&id)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (JobId, &Held)> {
        self.held.iter().map(|(id, held)| (*id, held))
    }

    /// How many more jobs of a kind may be taken. None while a run of it is stuck: the kind is out
    /// of service in this process.
    pub(super) fn free(&self, kind: &str) -> usize {
        if self.stuck.values().any(|stuck| stuck == kind) {
            return 0;
        }
        let cap = self.crews.get(kind).map_or(self.places, |crew| crew.cap);
        cap.saturating_sub(self.held.values().filter(|held| held.kind == kind).count())
    }

    /// Begins with a job as soon as a place of its kind is free.
    pub(super) fn start(&mut self, on: &Handle, app: &App, task: Option<Task>, job: Job) {
        let (stop, stopped) = oneshot::channel();
        let began = Arc::<OnceLock<Instant>>::default();
        let held = Held {
            kind: job.kind.clone(),
            attempt: job.attempt,
            last: job.is_last(),
            said: Arc::clone(&job.said),
            since: Instant::now(),
            cancelled: false,
            began: Arc::clone(&began),
            limit: task.as_ref().map_or(Duration::ZERO, |task| task.limit),
            stop: Some(stop),
        };
        // Should an older run of it be there, that one lost its lease: dropping it stops it.
        self.held.insert(job.id, held);
        let places = self.places;
        let crew = self
            .crews
            .entry(job.kind.clone())
            .or_insert_with(|| Crew { hand: Arc::default(), cap: places });
        let mut hand = open(&crew.hand);
        hand.turns.push_back(Turn { job, task, began, stop: stopped });
        if hand.runners < self.places {
            hand.runners += 1;
            on.spawn(run_all(app.clone(), Arc::clone(&crew.hand), self.out.clone()));
        }
    }

    /// A run ended. Answers what was held, unless it has no say any more.
    pub(super) fn end(&mut self, over: &Over) -> Option<Held> {
        self.stuck.remove(&(over.id, over.attempt));
        if self.held.get(&over.id)?.attempt != over.attempt {
            return None;
        }
        let held = self.held.remove(&over.id)?;
        if let Some(crew) = self.crews.get_mut(&over.kind) {
            let took = held.since.elapsed();
            if took > SLOW {
                crew.cap = self.places;
            } else if took < FAST && self.places > 0 && open(&crew.hand).turns.is_empty() {
                crew.cap = (crew.cap * 2).min(AT_HAND.max(self.places));
            }
        }
        Some(held)
    }

    /// Forgets a job that is not ours any more.
    pub(super) fn lose(&mut self, id: JobId) {
        self.held.remove(&id);
    }

    /// Takes out of hand what has waited for a place for too long.
    pub(super) fn give_back(&mut self) -> Vec<JobId> {
        let mut returned = Vec::new();
        for crew in self.crews.values_mut() {
            let mut hand = open(&crew.hand);
            let waits = |turn: &Turn| {
                self.held.get(&turn.job.id).is_some_and(|held| held.since.elapsed() > TOO_LONG)
            };
            if hand.turns.front().is_some_and(waits) {
                returned.extend(hand.turns.drain(..).map(|turn| turn.job.id));
                crew.cap = self.places;
            }
        }
        for id in &returned {
            self.held.remove(id);
        }
        returned
    }

    /// Gives up runs that did not stop at their time limit: their threads are not ours to end.
    pub(super) fn give_up_stuck(&mut self) -> Vec<Over> {
        let stuck = self.held.iter().filter(|(_, held)| held.is_stuck());
        let over: Vec<Over> = stuck
            .map(|(id, held)| Over {
                id: *id,
                kind: held.kind.clone(),
                attempt: held.attempt,
                outcome: Some(Err(Error::internal("the handler took too long and never yields"))),
                ran: held.ran(),
            })
            .collect();
        for one in &over {
            tracing::error!(
                job = %one.id,
                kind = one.kind,
                "a job's handler blocks its thread: jobs of this kind do not run in this process \
                 until it returns"
            );
        }
        over
    }

    /// The run goes on though it was given up.
    pub(super) fn is_stuck(&mut self, run: (JobId, i64), kind: String) {
        self.stuck.insert(run, kind);
    }
}

/// One place of a kind: runs what is at hand, one after the other.
async fn run_all(app: App, hand: Arc<Mutex<Hand>>, out: mpsc::UnboundedSender<Over>) {
    loop {
        let turn = {
            let mut hand = open(&hand);
            let turn = hand.turns.pop_front();
            if turn.is_none() {
                hand.runners -= 1;
            }
            turn
        };
        let Some(turn) = turn else { return };
        let (id, kind, attempt) = (turn.job.id, turn.job.kind.clone(), turn.job.attempt);
        let began = Arc::clone(&turn.began);
        // A handler may panic while it is dropped, too.
        let outcome = AssertUnwindSafe(run_one(&app, turn)).catch_unwind().await;
        let outcome = outcome.unwrap_or_else(|_| Some(Err(panicked())));
        let ran = began.get().map(Instant::elapsed);
        if out.send(Over { id, kind, attempt, outcome, ran }).is_err() {
            return;
        }
    }
}

fn panicked() -> Error {
    Error::internal("the handler panicked")
}

async fn run_one(app: &App, turn: Turn) -> Option<Result<()>> {
    let Turn { job, task, began, mut stop } = turn;
    let Some(task) = task else {
        return Some(Err(Error::internal(format!("no handler for jobs of kind {}", job.kind))));
    };
    let _ = began.set(Instant::now());
    let (inside, span) = app.meters().traces.work(&job.kind, &job.id).unzip();
    let app = app.clone();
    let run = within(inside, async move { (task.handler)(app, job).await });
    let run = AssertUnwindSafe(run).catch_unwind();
    let outcome = tokio::select! {
        biased;
        // Its other end is gone when the job is not ours any more.
        _ = &mut stop => None,
        ended = tokio::time::timeout(task.limit, run) => Some(match ended {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(panicked()),
            Err(_) => Err(Error::internal("the handler took too long")),
        }),
    };
    if let (Some(mut span), Some(Err(error))) = (span, &outcome) {
        span.failed(error.code().to_owned());
    }
    outcome
}
