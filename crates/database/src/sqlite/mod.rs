//! The embedded engine: one writer thread that groups commits, readers on connections of their
//! own, checkpoints beside them.

mod checkpoint;
mod connection;
mod lock;
pub(crate) mod plans;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use telemetry::{Current, current};
use tokio::sync::Semaphore;
use types::{Error, Result, Shortage};

use crate::part::{Look, Part, untyped};
use crate::tx::Inner;
use crate::watch::Watch;
use crate::{Load, Settings, Tx, Waits};

pub(crate) use self::connection::BUSY;
use self::connection::{Opener, Reader};
pub(crate) use self::lock::FileLock;
use self::writer::Writer;

/// How long a look may hold a request thread: a page is read in well under a millisecond.
const SHORT: Duration = Duration::from_millis(20);
/// How long a look on a thread of its own may take.
const LONG: Duration = Duration::from_secs(30);
/// More long looks than this do not wait for their turn.
const LONG_LINE: usize = 64;
/// An export has the time it needs.
const ENDLESS: Duration = Duration::MAX;

pub(crate) struct Store {
    readers: Arc<Readers>,
    writer: Writer,
    long_reads: Arc<Semaphore>,
    long_line: Semaphore,
    /// Held for the life of the store: a second process must not open the same file.
    _lock: lock::FileLock,
}

/// The connections that only read.
struct Readers {
    opener: Arc<Opener>,
    /// Idle ones. Never more are open than threads read at the same time.
    idle: Mutex<Vec<Reader>>,
    watch: Arc<Watch>,
}

impl Store {
    pub(crate) fn open(path: &Path, settings: &Settings, watch: &Arc<Watch>) -> Result<Self> {
        let path = absolute(path)?;
        let lock = lock::FileLock::take(&path)?;
        let opener = Arc::new(Opener::new(path, settings, watch));
        let writer = Writer::start(Arc::clone(&opener), settings, watch)?;
        let (idle, watch) = (Mutex::default(), Arc::clone(watch));
        Ok(Self {
            readers: Arc::new(Readers { opener, idle, watch }),
            writer,
            long_reads: Arc::new(Semaphore::new(settings.long_reads.max(1))),
            long_line: Semaphore::new(LONG_LINE),
            _lock: lock,
        })
    }

    /// `inside` is the span of the change, where it has one; else it is done in whatever its caller is.
    pub(crate) async fn write(&self, inside: Option<Current>, change: Box<dyn Part>) -> Result<()> {
        self.writer.write(inside, change).await
    }

    /// A short or a bounded one on the caller's own thread, which saves two hops; if it turns out to
    /// be long, it starts again where it holds up nobody.
    pub(crate) async fn look(
        &self,
        inside: Option<Current>,
        how: Look,
        look: Box<dyn Part>,
    ) -> Result<()> {
        let (at_once, patience) = match how {
            Look::Short => (Some(SHORT), LONG),
            Look::Bounded(ms) => {
                let patience = Duration::from_millis(ms.into());
                (Some(SHORT.min(patience)), patience)
            }
            Look::Long => (None, LONG),
            Look::Endless => (None, ENDLESS),
        };
        if let Some(at_once) = at_once
            && self.readers.read(at_once, None, &*look)?
        {
            return Ok(());
        }
        self.read_apart(inside, patience, look).await
    }

    async fn read_apart(
        &self,
        inside: Option<Current>,
        patience: Duration,
        look: Box<dyn Part>,
    ) -> Result<()> {
        let asked = Instant::now();
        let Ok(place) = self.long_line.try_acquire() else {
            self.readers.watch.meter().refused_long.one();
            let error =
                Error::overloaded("Too many long reads are waiting; try again in a moment.");
            return Err(error.short_of(Shortage::LongReads));
        };
        let turn = Arc::clone(&self.long_reads).acquire_owned().await?;
        drop(place);
        let (readers, current) = (Arc::clone(&self.readers), inside.or_else(current));
        let waited = asked.elapsed();
        self.readers.watch.meter().reads.waited.took(waited);
        if let Some(current) = &current {
            current.waited(waited);
        }
        let waiting = Waiting::default();
        let forsaken = Arc::clone(&waiting.0);
        tokio::task::spawn_blocking(move || {
            let read = || readers.read(patience, Some(Arc::clone(&forsaken)), &*look);
            let whole = current.map_or_else(read, |current| current.run(read));
            drop(turn);
            if whole? { Ok(()) } else { Err(crate::failure::too_long()) }
        })
        .await
        .map_err(broke_off)?
    }

    pub(crate) fn is_writable(&self) -> bool {
        self.writer.is_open()
    }

    /// Short looks run on the thread of whoever asks and wait for nobody; long ones have a line of
    /// their own, which says nothing of the others.
    pub(crate) fn waits(&self, span: Duration) -> Waits {
        Waits { reads: Duration::ZERO, writes: self.writer.line.look(span) }
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.writer.is_busy()
    }

    pub(crate) async fn check(&self) -> Result<Vec<String>> {
        let (look, found) = untyped(async |tx: &mut Tx| {
            let mut problems =
                tx.all("pragma quick_check(100)", &[], |row| row.get::<String>(0)).await?;
            problems.retain(|line| line != "ok");
            let dangling = tx
                .all("select \"table\" from pragma_foreign_key_check limit 100", &[], |row| {
                    row.get::<String>(0)
                })
                .await?;
            problems.extend(
                dangling.into_iter().map(|table| format!("a row of {table} refers to nothing")),
            );
            Ok(problems)
        });
        self.look(None, Look::Long, look).await?;
        found.take()
    }

    pub(crate) fn load(&self) -> Load {
        let (waiting, places) = self.writer.waiting();
        let in_use = usize::try_from(self.readers.watch.meter().readers.get()).unwrap_or(0);
        let idle = self.readers.idle.lock().map_or(0, |idle| idle.len());
        Load { waiting, places, connections: idle + in_use, in_use }
    }

    /// Bytes of the write-ahead log.
    pub(crate) fn log_size(&self) -> u64 {
        let mut log = self.readers.opener.path().as_os_str().to_owned();
        log.push("-wal");
        std::fs::metadata(log).map_or(0, |log| log.len())
    }

    pub(crate) async fn close(&self) {
        self.writer.close().await;
    }
}

/// Somebody who waits for a look on another thread.
#[derive(Default)]
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One snapshot of a file that a process, this one or another, may have open: a reader holds up
/// nobody, so it needs no lock.
pub(crate) async fn look(
    path: &Path,
    settings: &Settings,
    watch: &Arc<Watch>,
    look: Box<dyn Part>,
) -> Result<()> {
    let opener = Arc::new(Opener::new(absolute(path)?, settings, watch));
    let readers = Readers { opener, idle: Mutex::default(), watch: Arc::clone(watch) };
    tokio::task::spawn_blocking(move || {
        if readers.read(ENDLESS, None, &*look)? { Ok(()) } else { Err(crate::failure::too_long()) }
    })
    .await
    .map_err(broke_off)?
}

/// What a task that broke says of itself may quote what it worked on.
fn broke_off(_: tokio::task::JoinError) -> Error {
    Error::internal("a read broke off")
}

fn absolute(path: &Path) -> Result<PathBuf> {
    if path.as_os_str().is_empty() {
        return Err(Error::invalid("database.url", "invalid", "sqlite:// needs a path"));
    }
    Ok(std::path::absolute(path)?)
}

impl Readers {
    /// One snapshot on a parked connection; false when it was cut off after `patience`, or because
    /// nobody waits for it any more.
    fn read(
        &self,
        patience: Duration,
        forsaken: Option<Arc<AtomicBool>>,
        look: &dyn Part,
    ) -> Result<bool> {
        let in_use = &self.watch.meter().readers;
        in_use.add(1);
        let found = self.look(patience, forsaken, look);
        in_use.add(-1);
        found
    }

    fn look(
        &self,
        patience: Duration,
        forsaken: Option<Arc<AtomicBool>>,
        look: &dyn Part,
    ) -> Result<bool> {
        let parked = self.idle.lock().map_err(|_| Error::internal("a reader died"))?.pop();
        let mut reader = match parked {
            Some(reader) => reader,
            None => self.opener.reader()?,
        };
        reader.budget.start(patience, forsaken);
        // One snapshot for the whole closure; ending it in any way is a rollback of nothing.
        command(&mut reader.tx, "begin")?;
        let found = run_to_end(&mut reader.tx, look);
        let cut = reader.budget.stop();
        let ended = command(&mut reader.tx, "rollback");
        reader.tx.reset();
        if ended.is_ok()
            && let Ok(mut idle) = self.idle.lock()
        {
            idle.push(reader);
        }
        if cut && found.is_err() { Ok(false) } else { found.map(|()| true) }
    }
}

/// Runs a statement that answers nothing, from the cache of prepared ones.
fn command(tx: &mut Tx, sql: &'static str) -> Result<()> {
    let Inner::Sqlite(connection) = &tx.inner else { return Ok(()) };
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute([]))
        .map_err(crate::failure::of_sqlite)?;
    Ok(())
}

/// Polls the closure's future once. Every await inside is on the transaction and therefore
/// ready; anything else would hold the database while it waits, and is refused.
fn run_to_end(tx: &mut Tx, part: &dyn Part) -> Result<()> {
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        part.run(tx).as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }));
    match outcome {
        Ok(Poll::Ready(answer)) => answer,
        Ok(Poll::Pending) => {
            Err(Error::internal("a transaction awaited something else than its own statements"))
        }
        Err(_) => Err(Error::internal("a transaction panicked")),
    }
}

#[cfg(test)]
mod version_tests;
