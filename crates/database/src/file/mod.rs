//! The file of the embedded engine, for who copies it, looks into it and puts another in its place.
//!
//! Nothing here goes through a [`crate::Db`]: a copy is made beside the process that owns the
//! database, and a file that is to be checked belongs to nobody yet. Everything here blocks; it is
//! called on threads of its own.

mod changes;
mod compact;
mod copy;
mod look;

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use types::{Error, Result};

pub use self::compact::{Compacted, compact};
pub use self::copy::{Copying, Pace, copy};
pub use self::look::{Contents, Depth, look, problems};
use crate::failure;
use crate::sqlite::{BUSY, FileLock};

/// The right to a database file: as long as it is held, no process serves it.
pub struct Hold {
    _lock: FileLock,
}

impl Hold {
    /// Takes it.
    ///
    /// # Errors
    /// 409 `database_in_use` when a process has the file; when the folder cannot be written.
    pub fn take(database: &Path) -> Result<Self> {
        Ok(Self { _lock: FileLock::take(database)? })
    }
}

/// Whether a step of the schema is known to this binary.
#[must_use]
pub fn knows(step: &str) -> bool {
    crate::migrate::compared(crate::Engine::Sqlite, Vec::new()).iter().any(|one| one.name == step)
}

/// Folds what stands in the log of a database back into its file, so that the file is all of it.
/// To be called by who [`Hold`]s it.
///
/// # Errors
/// When the file is no database, or cannot be written; then its log still belongs to it.
pub fn settle(database: &Path) -> Result<()> {
    let connection = open(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    alone(&connection)?;
    connection.close().map_err(|(_, error)| failure::of_sqlite(error))
}

/// Ends in a file that nobody serves what must not go on from there; how many sessions there were.
/// Whoever signed out, or was signed out, after it was copied does not come back with it, nor do the
/// links, codes and devices of that time. Of the jobs of this kind none is left to be done, and their
/// schedule begins anew: the copy was made while one ran, or was late.
///
/// # Errors
/// When the file is no database, or cannot be written.
pub fn begin_anew(database: &Path, jobs: &str) -> Result<u64> {
    let mut connection = open(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Anybody may have made it.
    for (config, on) in [
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
    ] {
        connection.set_db_config(config, on).map_err(failure::of_sqlite)?;
    }
    let ended = emptied(&mut connection, jobs).map_err(failure::of_sqlite)?;
    connection.close().map_err(|(_, error)| failure::of_sqlite(error))?;
    Ok(ended)
}

/// What refers to a session goes before it. An older schema may not have these tables yet.
fn emptied(connection: &mut Connection, jobs: &str) -> rusqlite::Result<u64> {
    let work = connection.transaction()?;
    let mut ended = 0;
    for table in ["challenges", "trusted_devices", "spent_refresh_tokens", "sessions"] {
        if work.table_exists(Some("main"), table)? {
            ended = work.execute(&format!("delete from {table}"), [])?;
        }
    }
    if work.table_exists(Some("main"), "jobs")? {
        let sql = "delete from jobs where kind = ?1 and state in ('queued', 'running')";
        work.execute(sql, [jobs])?;
    }
    if work.table_exists(Some("main"), "job_schedules")? {
        work.execute("delete from job_schedules where kind = ?1", [jobs])?;
    }
    work.commit()?;
    Ok(u64::try_from(ended).unwrap_or_default())
}

/// Leaves the mode in which a log lies beside the file.
fn alone(connection: &Connection) -> Result<()> {
    let mode: String = connection
        .query_row("pragma journal_mode = delete", [], |row| row.get(0))
        .map_err(failure::of_sqlite)?;
    if mode == "delete" { Ok(()) } else { Err(Error::internal("the log could not be folded back")) }
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(failure::of_sqlite)?;
    connection.busy_timeout(BUSY).map_err(failure::of_sqlite)?;
    Ok(connection)
}
