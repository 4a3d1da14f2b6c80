//! The embedded engine: one writer thread that groups commits, readers on connections of their
//! own, checkpoints beside them.

mod connection;
mod lock;
mod writer;

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use tokio::sync::Semaphore;
use types::{Error, Result};

use crate::tx::Inner;
use crate::{Settings, Tx};

use self::connection::Opener;
use self::writer::Writer;

pub(crate) struct Store {
    opener: Arc<Opener>,
    writer: Writer,
    /// Idle read connections. Never more are open than threads read at the same time.
    idle: Arc<Mutex<Vec<Tx>>>,
    long_reads: Arc<Semaphore>,
    /// Held for the life of the store: a second process must not open the same file.
    _lock: lock::FileLock,
}

impl Store {
    pub(crate) fn open(path: &Path, settings: &Settings) -> Result<Self> {
        let path = absolute(path)?;
        let lock = lock::FileLock::take(&path)?;
        let opener = Arc::new(Opener::new(path, settings));
        let writer = Writer::start(Arc::clone(&opener), settings)?;
        Ok(Self {
            opener,
            writer,
            idle: Arc::default(),
            long_reads: Arc::new(Semaphore::new(settings.long_reads.max(1))),
            _lock: lock,
        })
    }

    pub(crate) async fn write<T, F>(&self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T> + Send + 'static,
    {
        self.writer.write(change).await
    }

    pub(crate) fn read<T, F>(&self, look: &F) -> Result<T>
    where
        F: AsyncFn(&mut Tx) -> Result<T>,
    {
        read(&self.opener, &self.idle, look)
    }

    pub(crate) async fn read_long<T, F>(&self, look: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T> + Send + 'static,
    {
        let turn = Arc::clone(&self.long_reads).acquire_owned().await?;
        let (opener, idle) = (Arc::clone(&self.opener), Arc::clone(&self.idle));
        tokio::task::spawn_blocking(move || {
            let found = read(&opener, &idle, &look);
            drop(turn);
            found
        })
        .await?
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.writer.is_busy()
    }

    pub(crate) async fn check(&self) -> Result<Vec<String>> {
        self.read_long(async |tx| {
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
        })
        .await
    }

    pub(crate) async fn close(&self) {
        self.writer.close().await;
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    if path.as_os_str().is_empty() {
        return Err(Error::invalid("database.url", "invalid", "sqlite:// needs a path"));
    }
    Ok(std::path::absolute(path)?)
}

fn read<T, F>(opener: &Opener, idle: &Mutex<Vec<Tx>>, look: &F) -> Result<T>
where
    F: AsyncFn(&mut Tx) -> Result<T>,
{
    let parked = idle.lock().map_err(|_| Error::internal("a reader died"))?.pop();
    let mut tx = match parked {
        Some(tx) => tx,
        None => Tx::new(Inner::Sqlite(opener.reader()?)),
    };
    // One snapshot for the whole closure; ending it in any way is a rollback of nothing.
    command(&mut tx, "begin")?;
    let found = run_to_end(&mut tx, look);
    let ended = command(&mut tx, "rollback");
    tx.reset();
    if ended.is_ok()
        && let Ok(mut idle) = idle.lock()
    {
        idle.push(tx);
    }
    found
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
fn run_to_end<T, F>(tx: &mut Tx, change: &F) -> Result<T>
where
    F: AsyncFn(&mut Tx) -> Result<T>,
{
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let future = pin!(change(tx));
        future.poll(&mut Context::from_waker(Waker::noop()))
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
