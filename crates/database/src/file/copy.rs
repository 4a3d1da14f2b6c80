//! A copy of a whole database, as it is at one moment, while others write to it.
//!
//! One read transaction is held from the first page to the last, so the copy is of one moment and
//! never has to start over. Writers wait for nothing; the log grows meanwhile, because what this
//! still reads cannot be folded back. Pages are copied in small steps with pauses in between, and
//! each few of them are synced at once: one large flush at the end would make every commit wait.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use types::{Error, Result};

use super::{alone, open};
use crate::failure;
use crate::sqlite::set;

/// 2 MiB of the copy are kept in memory.
const CACHE: &str = "pragma cache_size = -2048";
/// A step that finds the source locked tries again after this.
const LOCKED: Duration = Duration::from_millis(20);

/// How much a copy leaves to others.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Pages copied in one step.
    pub pages: i32,
    /// Steps after which what was written is synced.
    pub sync_every: u32,
    /// A pause after each step, as so many times what the step took.
    pub rest: u32,
}

impl Pace {
    /// Beside a server: a quarter of the time is work.
    pub const GENTLE: Self = Self { pages: 256, sync_every: 4, rest: 3 };
    /// Nobody else is there.
    pub const FULL: Self = Self { pages: 4096, sync_every: u32::MAX, rest: 0 };
}

/// How far a copy has come.
#[derive(Debug, Clone, Copy)]
pub struct Copying {
    /// Pages copied.
    pub done: u64,
    /// Pages in all.
    pub of: u64,
}

/// Copies the database at `from` into a new file at `to`, which is whole, synced and without a log
/// when this returns. `go_on` is asked after each step.
///
/// # Errors
/// 409 `cancelled` when `go_on` says no; as SQLite. What was written so far stays at `to`: it is
/// the caller's to remove.
pub fn copy(
    from: &Path,
    to: &Path,
    pace: Pace,
    mut go_on: impl FnMut(Copying) -> bool,
) -> Result<()> {
    let source = open(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    // The moment of the copy: from the first read on, this transaction sees nothing newer.
    source.execute_batch("begin").map_err(failure::of_sqlite)?;
    source
        .query_row("select count(*) from sqlite_schema", [], |row| row.get::<_, i64>(0))
        .map_err(failure::of_sqlite)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut target = open(to, flags)?;
    for pragma in ["pragma journal_mode = off", "pragma synchronous = off", CACHE] {
        set(&target, pragma)?;
    }
    let file = File::options().write(true).open(to)?;
    pages(&source, &mut target, &file, pace, &mut go_on)?;
    source.execute_batch("rollback").map_err(failure::of_sqlite)?;
    alone(&target)?;
    target.close().map_err(|(_, error)| failure::of_sqlite(error))?;
    file.sync_all()?;
    Ok(())
}

fn pages(
    source: &Connection,
    target: &mut Connection,
    file: &File,
    pace: Pace,
    go_on: &mut impl FnMut(Copying) -> bool,
) -> Result<()> {
    let backup = Backup::new(source, target).map_err(failure::of_sqlite)?;
    let mut steps = 0u32;
    loop {
        let began = Instant::now();
        let step = backup.step(pace.pages).map_err(failure::of_sqlite)?;
        steps = steps.wrapping_add(1);
        let progress = backup.progress();
        let of = u64::try_from(progress.pagecount).unwrap_or_default();
        let left = u64::try_from(progress.remaining).unwrap_or_default();
        if !go_on(Copying { done: of.saturating_sub(left), of }) {
            return Err(Error::conflict("cancelled", "It was called off; nothing was kept."));
        }
        match step {
            StepResult::Done => return Ok(()),
            StepResult::More if steps.is_multiple_of(pace.sync_every.max(1)) => file.sync_data()?,
            StepResult::More => {}
            _ => std::thread::sleep(LOCKED),
        }
        std::thread::sleep(began.elapsed().saturating_mul(pace.rest));
    }
}
