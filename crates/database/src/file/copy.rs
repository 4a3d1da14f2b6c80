//! A copy of a whole database, as it is at one moment, while others write to it.
//!
//! Whoever reads one moment of the database for long keeps its log from starting over; it grows,
//! and everybody's reads and commits get dearer with it. So pages are copied in small steps, each of
//! them of its own moment, while the log tells which are changed meanwhile ([`Changes`]). Those are
//! copied again, and again, until few are left: these are read in one last step, and the copy is of
//! that moment. Where changes cannot be followed, the last step copies everything.
//!
//! Between steps there are pauses, and each few of them are synced at once: one large flush at the
//! end would make every commit wait.

use std::fs::File;
use std::io::{BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use types::{Error, Result};

use super::changes::Changes;
use super::{alone, open};
use crate::failure;

/// One page, as whoever asks sees it.
const PAGE: &str = "select data from sqlite_dbpage where pgno = ?1";
/// Bytes written to the copy at once.
const BUFFER: usize = 1 << 20;
/// Pages that are few enough for the last step: some milliseconds.
const FEW: usize = 2048;
/// Times that what was changed is copied again; who writes faster than that is not waited for.
const ROUNDS: u32 = 8;
/// Times that following is begun, should the log be lost.
const TRIES: u32 = 3;
/// No pause is longer: a log starts over unseen while nobody looks.
const PAUSE: Duration = Duration::from_millis(200);

/// How much a copy leaves to others.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Pages copied in one step.
    pub pages: usize,
    /// Steps after which what was written is synced.
    pub sync_every: u32,
    /// A pause after each step, as so many times what the step took.
    pub rest: u32,
}

impl Pace {
    /// Beside a server: an eighth of the time is work, more of it where a disk is slow.
    pub const GENTLE: Self = Self { pages: 256, sync_every: 1, rest: 7 };
    /// Nobody else is there.
    pub const FULL: Self = Self { pages: 4096, sync_every: u32::MAX, rest: 0 };
}

/// How far a copy has come.
#[derive(Debug, Clone, Copy)]
pub struct Copying {
    /// Pages copied.
    pub done: u64,
    /// Pages in all, as far as it is known: those that are changed meanwhile are copied again.
    pub of: u64,
}

/// Copies the database at `from` into a new file at `to`, which is whole, synced and without a log
/// when this returns. `go_on` is asked after each step.
///
/// # Errors
/// 409 `cancelled` when `go_on` says no; as SQLite. What was written so far stays at `to`: it is
/// the caller's to remove.
pub fn copy(from: &Path, to: &Path, pace: Pace, go_on: impl FnMut(Copying) -> bool) -> Result<()> {
    let source = open(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let file = File::options().write(true).create(true).truncate(true).open(to)?;
    let size = number(&source, "pragma page_size")?;
    let copied = Copying { done: 0, of: 0 };
    let target = BufWriter::with_capacity(BUFFER, &file);
    Copier { source, target, next: 1, size, steps: 0, pace, copied, go_on }.run(from)?;
    let copy = open(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    alone(&copy)?;
    copy.close().map_err(|(_, error)| failure::of_sqlite(error))?;
    file.sync_all()?;
    Ok(())
}

struct Copier<'a, G> {
    source: Connection,
    target: BufWriter<&'a File>,
    /// The page that comes next without a seek.
    next: u32,
    /// Bytes of a page.
    size: u32,
    steps: u32,
    pace: Pace,
    copied: Copying,
    go_on: G,
}

impl<G: FnMut(Copying) -> bool> Copier<'_, G> {
    fn run(&mut self, from: &Path) -> Result<()> {
        let mut changes = None;
        for _ in 0..TRIES {
            let Some(mut followed) = Changes::follow(from) else { break };
            if self.settle(&mut followed)? {
                changes = Some(followed);
                break;
            }
        }
        // The moment the copy is of.
        let count = self.begin()?;
        if let Some(changes) = &mut changes
            && changes.look()?
        {
            self.again(changes, false)?;
        } else {
            self.copy(1..=count, None)?;
        }
        self.end()?;
        self.target.flush()?;
        self.target.get_ref().set_len(u64::from(count) * u64::from(self.size))?;
        Ok(())
    }

    /// Copies pages until those that are not as they are now are few; false when it is not known
    /// which these are.
    fn settle(&mut self, changes: &mut Changes) -> Result<bool> {
        let count = self.begin()?;
        self.end()?;
        self.copied.of = count.into();
        let mut known = self.copy(1..=count, Some(changes))?;
        let mut rounds = 0;
        while known && changes.count() > FEW && rounds < ROUNDS {
            known = self.again(changes, true)?;
            rounds += 1;
        }
        Ok(known)
    }

    /// Copies what was changed since it was copied, all of it of this moment or not.
    fn again(&mut self, changes: &mut Changes, apart: bool) -> Result<bool> {
        let changed = changes.take();
        self.copied.of += changed.len() as u64;
        self.copy(changed, apart.then_some(changes))
    }

    /// Copies these pages. While changes are followed, each step is of a moment of its own; false
    /// when they no longer are.
    fn copy(
        &mut self,
        pages: impl IntoIterator<Item = u32>,
        mut changes: Option<&mut Changes>,
    ) -> Result<bool> {
        let mut pages = pages.into_iter().peekable();
        while pages.peek().is_some() {
            let began = Instant::now();
            if changes.is_some() {
                self.begin()?;
            }
            for page in pages.by_ref().take(self.pace.pages) {
                self.page(page)?;
            }
            if let Some(changes) = &mut changes {
                self.end()?;
                if !changes.look()? {
                    return Ok(false);
                }
            }
            // One moment that lasts is dearer to others than what a step takes from them.
            let rest = if changes.is_some() { self.pace.rest } else { self.pace.rest.min(1) };
            self.rest(began, rest)?;
        }
        Ok(true)
    }

    /// A page as it is at this moment; nothing, if there are fewer.
    fn page(&mut self, page: u32) -> Result<()> {
        let mut statement = self.source.prepare_cached(PAGE).map_err(failure::of_sqlite)?;
        let mut rows = statement.query([page]).map_err(failure::of_sqlite)?;
        let Some(row) = rows.next().map_err(failure::of_sqlite)? else { return Ok(()) };
        let data = row.get_ref(0).map_err(failure::of_sqlite)?;
        let data = data.as_blob().map_err(Error::internal)?;
        if page != self.next {
            let start = u64::from(page.saturating_sub(1)) * u64::from(self.size);
            self.target.seek(SeekFrom::Start(start))?;
        }
        self.target.write_all(data)?;
        self.next = page.saturating_add(1);
        self.copied.done += 1;
        Ok(())
    }

    /// After a step: what it wrote goes to the disk bit by bit, and others have their turn.
    fn rest(&mut self, began: Instant, times: u32) -> Result<()> {
        self.steps = self.steps.wrapping_add(1);
        if self.steps.is_multiple_of(self.pace.sync_every.max(1)) {
            self.target.flush()?;
            self.target.get_ref().sync_data()?;
        }
        if !(self.go_on)(self.copied) {
            return Err(Error::conflict("cancelled", "It was called off; nothing was kept."));
        }
        std::thread::sleep(began.elapsed().saturating_mul(times).min(PAUSE));
        Ok(())
    }

    /// From here on what is read is of one moment; its pages.
    fn begin(&self) -> Result<u32> {
        self.source.execute_batch("begin").map_err(failure::of_sqlite)?;
        number(&self.source, "pragma page_count")
    }

    fn end(&self) -> Result<()> {
        self.source.execute_batch("rollback").map_err(failure::of_sqlite)
    }
}

fn number(connection: &Connection, pragma: &str) -> Result<u32> {
    connection.query_row(pragma, [], |row| row.get(0)).map_err(failure::of_sqlite)
}

#[cfg(test)]
#[path = "copy_tests.rs"]
mod tests;
