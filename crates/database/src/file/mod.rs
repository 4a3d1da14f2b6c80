//! The file of the embedded engine, for who copies it, looks into it and puts another in its place.
//!
//! Nothing here goes through a [`crate::Db`]: a copy is made beside the process that owns the
//! database, and a file that is to be checked belongs to nobody yet. Everything here blocks; it is
//! called on threads of its own.

mod copy;
mod look;

use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use types::{Error, Result};

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
