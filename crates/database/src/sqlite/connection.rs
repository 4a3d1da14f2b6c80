//! How connections are opened.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use types::Result;

use crate::tx::Inner;
use crate::watch::Watch;
use crate::{Settings, Tx, failure};

/// Bytes of a page, as SQLite makes them unless told otherwise.
pub(super) const PAGE: u64 = 4096;
/// Prepared statements kept per connection; the house has a few hundred in all.
const STATEMENTS: usize = 512;
const READER_CACHE_KIB: i64 = 8192;
/// Readers never wait for the writer in WAL mode; this covers recovery and checkpoints.
pub(crate) const BUSY: Duration = Duration::from_secs(5);

/// Steps of SQLite's machine between two looks at the clock; a page of 50 takes some thousand.
const STEPS: std::ffi::c_int = 5000;

/// A connection that only reads, and gives up when its time is over.
pub(super) struct Reader {
    pub(super) tx: Tx,
    pub(super) budget: Budget,
}

/// The time one look has, shared with the connection's progress handler.
#[derive(Clone, Default)]
pub(super) struct Budget(Arc<Mutex<Until>>);

#[derive(Default)]
struct Until {
    end: Option<Instant>,
    /// Set when nobody waits for it any more.
    forsaken: Option<Arc<AtomicBool>>,
    cut: bool,
}

impl Budget {
    pub(super) fn start(&self, patience: Duration, forsaken: Option<Arc<AtomicBool>>) {
        if let Ok(mut until) = self.0.lock() {
            let end = Instant::now().checked_add(patience);
            *until = Until { end, forsaken, cut: false };
        }
    }

    /// Ends it; whether the look was cut off.
    pub(super) fn stop(&self) -> bool {
        self.0.lock().is_ok_and(|mut until| std::mem::take(&mut *until).cut)
    }

    fn is_spent(&self) -> bool {
        self.0.lock().is_ok_and(|mut until| {
            let forsaken = until.forsaken.as_ref().is_some_and(|it| it.load(Ordering::Relaxed));
            until.cut |= forsaken || until.end.is_some_and(|end| Instant::now() >= end);
            until.cut
        })
    }
}

pub(super) struct Opener {
    path: PathBuf,
    watch: Arc<Watch>,
    mmap_bytes: i64,
    cache_kib: i64,
}

impl Opener {
    pub(super) fn new(path: PathBuf, settings: &Settings, watch: &Arc<Watch>) -> Self {
        let watch = Arc::clone(watch);
        Self { path, watch, mmap_bytes: settings.mmap_bytes, cache_kib: settings.cache_kib }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn writer(&self) -> Result<Connection> {
        let connection = self.connect(
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            self.cache_kib,
            self.mmap_bytes,
        )?;
        // Full: the log is synced at every commit, which is what makes an answer durable.
        // Automatic checkpoints are off, so that no request pays for one.
        set(&connection, "pragma journal_mode = wal")?;
        set(&connection, "pragma synchronous = full")?;
        set(&connection, "pragma foreign_keys = on")?;
        set(&connection, "pragma wal_autocheckpoint = 0")?;
        Ok(connection)
    }

    /// Gives back what a writer has mapped of the file; it is mapped again, page by page, as it is
    /// looked at.
    pub(super) fn unmap(&self, connection: &Connection) {
        for bytes in [0, self.mmap_bytes] {
            if let Err(error) = connection.pragma_update(None, "mmap_size", bytes) {
                tracing::warn!(cause = %failure::of_sqlite(error), "what is mapped of the database cannot be given back");
            }
        }
    }

    pub(super) fn reader(&self) -> Result<Reader> {
        // Nothing is mapped: a page that is looked at for the first time costs a fault, which is more
        // than reading it, and each connection would map the file for itself.
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let mut connection = self.connect(flags, READER_CACHE_KIB, 0)?;
        set(&connection, "pragma query_only = on")?;
        // Sorting in memory. The writer keeps the default: its savepoints' journal in memory
        // would be walked from the start at each release.
        set(&connection, "pragma temp_store = memory")?;
        let budget = Budget::default();
        let watched = budget.clone();
        connection
            .progress_handler(STEPS, Some(move || watched.is_spent()))
            .map_err(failure::of_sqlite)?;
        Ok(Reader { tx: self.tx(connection), budget })
    }

    /// Transactions on a connection.
    pub(super) fn tx(&self, connection: Connection) -> Tx {
        Tx::new(Inner::Sqlite(connection), Arc::clone(&self.watch))
    }

    fn connect(&self, flags: OpenFlags, cache_kib: i64, mmap_bytes: i64) -> Result<Connection> {
        let connection =
            Connection::open_with_flags(&self.path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
                .map_err(failure::of_sqlite)?;
        connection.busy_timeout(BUSY).map_err(failure::of_sqlite)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        for (name, value) in [("cache_size", -cache_kib), ("mmap_size", mmap_bytes)] {
            connection.pragma_update(None, name, value).map_err(failure::of_sqlite)?;
        }
        for (option, on) in [
            // Double-quoted strings are a typo in waiting.
            (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
            (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
            // A plan never depends on what is bound. Else SQLite looks into the limit of a list to
            // plan it, and plans it anew each time: a statement that goes back to the cache of
            // prepared ones forgets its parameters, which counts as a change of them.
            (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
        ] {
            connection.set_db_config(option, on).map_err(failure::of_sqlite)?;
        }
        Ok(connection)
    }
}

fn set(connection: &Connection, pragma: &str) -> Result<()> {
    let mut statement = connection.prepare(pragma).map_err(failure::of_sqlite)?;
    let mut rows = statement.query([]).map_err(failure::of_sqlite)?;
    while rows.next().map_err(failure::of_sqlite)?.is_some() {}
    Ok(())
}
