//! The writer thread: many transactions, one commit, one fsync.
//!
//! It drains a bounded queue, opens one `begin immediate`, runs each change in a savepoint of its
//! own (a failing one rolls back alone), commits once and only then answers everybody. While the
//! commit waits for the disk, the next batch gathers in the queue, so the batch size follows the
//! load by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use telemetry::{Current, Database, current};
use tokio::sync::{mpsc, oneshot};
use types::{Error, Result, Shortage};

use super::checkpoint::{Checkpointer, fold};
use super::connection::{BUSY, Opener};
use super::{command, run_to_end};
use crate::part::Part;
use crate::tx::Inner;
use crate::waits::{HOUSE, Line, Place};
use crate::watch::Watch;
use crate::{Settings, Tx};

/// A batch is closed after this much work even when more is waiting: it bounds the latency of
/// the first change in it.
const BATCH: Duration = Duration::from_millis(20);
/// Pause before a connection that failed to commit is opened again.
const REOPEN: Duration = Duration::from_millis(200);
/// A reader that holds the old log keeps the writer waiting so long at most when the log is to
/// start over; it is asked again at the next look.
const FOLD_PATIENCE: Duration = Duration::from_millis(2);

/// One change: run inside the batch, answered after its commit.
pub(super) struct Change {
    current: Option<Current>,
    part: Box<dyn Part>,
    place: Option<Place>,
    outcome: Option<Result<()>>,
    reply: oneshot::Sender<Result<()>>,
}

impl Change {
    /// Whether nobody waits for it any more; whoever gave up was told so, and may ask again.
    fn is_forsaken(&self) -> bool {
        self.reply.is_closed()
    }

    /// Has its turn, the first time after so long in the queue.
    fn turn(&mut self) -> Option<Duration> {
        let waited = self.place.take().map(Place::turn)?;
        if let Some(current) = &self.current {
            current.waited(waited);
        }
        Some(waited)
    }

    /// Whether its savepoint is kept.
    fn run(&mut self, tx: &mut Tx) -> bool {
        tx.reset();
        let mut run = || run_to_end(tx, &*self.part);
        let mut outcome = match &self.current {
            Some(current) => current.run(run),
            None => run(),
        };
        if tx.broken && outcome.is_ok() {
            outcome = Err(Error::internal("a transaction went on after a failed statement"));
        }
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn answer(self, lost: Option<Error>) {
        let outcome = match (lost, self.outcome) {
            // Its own failure says more than the batch's.
            (_, Some(Err(error))) => Err(error),
            (Some(error), _) => Err(error),
            (None, Some(outcome)) => outcome,
            (None, None) => Err(Error::internal("a change was not run")),
        };
        // The caller may have gone away; the change stays.
        let _ = self.reply.send(outcome);
    }
}

pub(super) enum Task {
    Change(Change),
    /// Fold the log back completely; sent by the checkpointer when it grew too large.
    Fold,
    /// Give back what is mapped of the file; sent by the checkpointer when nothing is written.
    Rest,
    Close(oneshot::Sender<()>),
}

pub(super) struct Writer {
    queue: mpsc::Sender<Task>,
    crowd: Arc<AtomicUsize>,
    pub(super) line: Arc<Line>,
    watch: Arc<Watch>,
    threads: std::sync::Mutex<Vec<JoinHandle<()>>>,
    closing: Arc<AtomicBool>,
}

impl Writer {
    pub(super) fn start(
        opener: Arc<Opener>,
        settings: &Settings,
        watch: &Arc<Watch>,
    ) -> Result<Self> {
        let connection = opener.writer()?;
        let (queue, tasks) = mpsc::channel(settings.write_queue.max(1));
        let closing = Arc::new(AtomicBool::new(false));
        let commits = Arc::new(AtomicU64::new(0));
        let handle = tokio::runtime::Handle::try_current()?;

        let crowd = Arc::new(AtomicUsize::new(0));
        let thread = Thread {
            tx: opener.tx(connection),
            tasks,
            batch: settings.commit_batch.max(1),
            commits: Arc::clone(&commits),
            opener: Arc::clone(&opener),
            crowd: Arc::clone(&crowd),
            watch: Arc::clone(watch),
        };
        let writer = std::thread::Builder::new().name("sqlite-writer".into()).spawn(move || {
            // Code in a change may use runtime types (a channel, a handle) even though it must
            // not wait for them.
            let _entered = handle.enter();
            thread.run();
        })?;

        let keeper = Checkpointer {
            opener,
            commits,
            closing: Arc::clone(&closing),
            limit: settings.wal_bytes,
            queue: queue.downgrade(),
        };
        let checkpointer = std::thread::Builder::new()
            .name("sqlite-checkpoint".into())
            .spawn(move || keeper.run())?;
        Ok(Self {
            queue,
            crowd,
            line: Arc::default(),
            watch: Arc::clone(watch),
            threads: vec![writer, checkpointer].into(),
            closing,
        })
    }

    pub(super) async fn write(&self, inside: Option<Current>, part: Box<dyn Part>) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        let (place, current) = (Some(self.line.join()), inside.or_else(current));
        let task = Task::Change(Change { current, part, place, outcome: None, reply });
        self.queue.try_send(task).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => {
                self.watch.meter().refused_full.one();
                Error::overloaded("Too many writes are waiting; try again in a moment.")
                    .short_of(Shortage::DatabaseQueue)
            }
            mpsc::error::TrySendError::Closed(_) => closed(),
        })?;
        answer.await.map_err(|_| closed())?
    }

    pub(super) fn is_open(&self) -> bool {
        !self.queue.is_closed()
    }

    /// Changes in the queue, and how many may be there.
    pub(super) fn waiting(&self) -> (usize, usize) {
        let places = self.queue.max_capacity();
        (places - self.queue.capacity().min(places), places)
    }

    pub(super) fn is_busy(&self) -> bool {
        // The queue is empty for a moment after every batch; its size tells who else was in it.
        self.crowd.load(Ordering::Relaxed).max(self.waiting().0) > HOUSE
    }

    pub(super) async fn close(&self) {
        self.closing.store(true, Ordering::Release);
        let (reply, done) = oneshot::channel();
        if self.queue.send(Task::Close(reply)).await.is_ok() {
            let _ = done.await;
        }
        let threads = self.threads.lock().map(|mut threads| std::mem::take(&mut *threads));
        for thread in threads.unwrap_or_default() {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

fn closed() -> Error {
    Error::overloaded("The database is closed; the server is stopping.")
}

struct Thread {
    tx: Tx,
    tasks: mpsc::Receiver<Task>,
    batch: usize,
    commits: Arc<AtomicU64>,
    opener: Arc<Opener>,
    /// Changes of the last batch.
    crowd: Arc<AtomicUsize>,
    watch: Arc<Watch>,
}

/// The transaction of a batch.
enum Open {
    /// Not begun: nothing was changed yet.
    No,
    /// Begun.
    Yes,
    /// The engine gave it up, and with it every change in it.
    Lost(Error),
}

impl Thread {
    fn run(mut self) {
        let mut done: Vec<Change> = Vec::with_capacity(self.batch);
        while let Some(task) = self.tasks.blocking_recv() {
            let mut next = Some(task);
            let mut closing = None;
            let (mut fold, mut rest) = (false, false);
            let mut began = Instant::now();
            let mut open = Open::No;
            while let Some(task) = next.take() {
                let following = self.tasks.try_recv().ok();
                match task {
                    // Nobody shares its transaction, so it needs no savepoint to fail alone.
                    Task::Change(change) if done.is_empty() && following.is_none() => {
                        self.run_alone(change);
                    }
                    Task::Change(change) => done.push(self.run_one(change, &mut open)),
                    Task::Fold => fold = true,
                    Task::Rest => rest = true,
                    Task::Close(reply) => {
                        self.tasks.close();
                        closing = Some(reply);
                    }
                }
                next = following;
                if matches!(open, Open::Lost(_))
                    || done.len() >= self.batch
                    || began.elapsed() >= BATCH
                {
                    self.finish(std::mem::replace(&mut open, Open::No), &mut done);
                    began = Instant::now();
                }
            }
            self.finish(open, &mut done);
            if fold {
                self.fold("pragma wal_checkpoint(restart)");
            }
            if let Some(connection) = self.connection().filter(|_| rest) {
                self.opener.unmap(connection);
            }
            if let Some(reply) = closing {
                self.fold("pragma wal_checkpoint(truncate)");
                let _ = reply.send(());
                return;
            }
        }
    }

    /// A transaction of its own, rolled back as a whole when it fails.
    fn run_alone(&mut self, mut change: Change) {
        self.crowd.store(1, Ordering::Relaxed);
        self.count_wait(&mut change);
        if change.is_forsaken() {
            return;
        }
        let outcome = command(&mut self.tx, "begin immediate").and_then(|()| {
            if change.run(&mut self.tx) {
                self.commit(1)
            } else {
                command(&mut self.tx, "rollback")
            }
        });
        match outcome {
            Ok(()) => {
                self.commits.fetch_add(1, Ordering::Release);
                change.answer(None);
            }
            Err(error) => self.lose(&error, &mut vec![change]),
        }
    }

    /// Runs one change of a batch in a savepoint of its own.
    fn run_one(&mut self, mut change: Change, open: &mut Open) -> Change {
        let outcome = self.try_one(&mut change, open);
        if let Err(error) = outcome {
            *open = Open::Lost(error);
        }
        change
    }

    fn count_wait(&self, change: &mut Change) {
        if let Some(waited) = change.turn() {
            self.meter().writes.waited.took(waited);
        }
    }

    fn try_one(&mut self, change: &mut Change, open: &mut Open) -> Result<()> {
        self.count_wait(change);
        if change.is_forsaken() {
            return Ok(());
        }
        if let Open::No = open {
            command(&mut self.tx, "begin immediate")?;
            *open = Open::Yes;
        }
        command(&mut self.tx, "savepoint change")?;
        let keep = change.run(&mut self.tx);
        // A full disk, for one, rolls everything back.
        if self.connection().is_some_and(Connection::is_autocommit) {
            return Err(Error::internal("the database gave up the transaction"));
        }
        if !keep {
            command(&mut self.tx, "rollback to change")?;
        }
        command(&mut self.tx, "release change")
    }

    fn finish(&mut self, open: Open, done: &mut Vec<Change>) {
        if !done.is_empty() {
            self.crowd.store(done.len(), Ordering::Relaxed);
        }
        let committed = match open {
            Open::No => Ok(()),
            Open::Yes => self.commit(done.len()),
            Open::Lost(error) => Err(error),
        };
        match committed {
            Ok(()) => {
                self.commits.fetch_add(1, Ordering::Release);
                for change in done.drain(..) {
                    change.answer(None);
                }
            }
            Err(error) => self.lose(&error, done),
        }
    }

    /// Makes durable what this many changes did.
    fn commit(&mut self, changes: usize) -> Result<()> {
        let began = Instant::now();
        let done = command(&mut self.tx, "commit");
        self.meter().commit.took(began.elapsed());
        self.meter().batch.observe(u64::try_from(changes)?);
        done
    }

    fn meter(&self) -> &Database {
        self.watch.meter()
    }

    fn lose(&mut self, error: &Error, done: &mut Vec<Change>) {
        tracing::error!(cause = error.cause(), "a commit failed; nothing in it was acknowledged");
        for change in done.drain(..) {
            change.answer(Some(again(error)));
        }
        self.reopen();
    }

    /// After a failed commit nothing is known about what the kernel still holds: start from what
    /// is on disk. Never answer for the old connection again.
    fn reopen(&mut self) {
        let _ = command(&mut self.tx, "rollback");
        loop {
            match self.opener.writer() {
                Ok(connection) => {
                    self.tx = self.opener.tx(connection);
                    return;
                }
                Err(error) => {
                    tracing::error!(cause = error.cause(), "the database cannot be reopened yet");
                    // Whoever waits is told now; reads go on meanwhile.
                    while let Ok(task) = self.tasks.try_recv() {
                        match task {
                            Task::Change(change) => change.answer(Some(again(&error))),
                            Task::Fold | Task::Rest => {}
                            Task::Close(reply) => {
                                self.tasks.close();
                                let _ = reply.send(());
                                return;
                            }
                        }
                    }
                    std::thread::sleep(REOPEN);
                }
            }
        }
    }

    /// Starts the log over. It waits for readers of the old one, so not for long.
    fn fold(&mut self, pragma: &str) {
        if let Some(connection) = self.connection() {
            let _ = connection.busy_timeout(FOLD_PATIENCE);
            fold(connection, pragma);
            let _ = connection.busy_timeout(BUSY);
        }
    }

    fn connection(&self) -> Option<&Connection> {
        match &self.tx.inner {
            Inner::Sqlite(connection) => Some(connection),
            Inner::Postgres(_) => None,
        }
    }
}

/// The failure of a commit, once for each change that was in it.
fn again(error: &Error) -> Error {
    let copy = Error::new(error.kind(), error.code().to_owned(), error.message().to_owned());
    match error.cause() {
        Some(cause) => copy.caused_by(cause),
        None => copy,
    }
}
