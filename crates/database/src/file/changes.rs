//! Which pages of a database others change meanwhile, as its write-ahead log tells
//! (<https://sqlite.org/fileformat2.html#the_write_ahead_log>).
//!
//! Each change appends frames to the log, one for a page. Once all of them stand in the database
//! too, and nobody reads the old ones, the log starts over: the next frames overwrite the first
//! ones, and their salt is one more. Whoever looks often enough sees every frame; whoever does not
//! is told so.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use types::Result;

use super::open;
use crate::failure;

const HEADER: usize = 32;
const FRAME: usize = 24;
/// The last bit says in which order the checksums were made.
const MAGIC: u32 = 0x377f_0682;
/// A log that starts over during each of so many looks is not followed.
const LOOKS: u32 = 8;

/// Follows the log of a database.
pub(super) struct Changes {
    log: File,
    /// Asks how long the log is; it writes nothing.
    length: Connection,
    header: Header,
    /// Frames that were seen.
    seen: u64,
    pages: BTreeSet<u32>,
}

/// The beginning of a log: how large its pages are, and by what its frames are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header {
    page: u32,
    salt: Salt,
}

/// One more each time the log starts over, and a number that was drawn then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Salt(u32, u32);

impl Changes {
    /// From now on; none, where changes are not seen: there is no log, or it cannot be asked.
    pub(super) fn follow(database: &Path) -> Option<Self> {
        let mut name = database.as_os_str().to_owned();
        name.push("-wal");
        let length = open(database, OpenFlags::SQLITE_OPEN_READ_WRITE).ok()?;
        // It only asks: should it be the last one to close, the log stays as it is.
        length.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).ok()?;
        // It is the log of a connection that has looked at the database.
        length.query_row("pragma schema_version", [], |_| Ok(())).ok()?;
        let log = File::open(name).ok()?;
        let header = Header::read(&log).ok()??;
        let mut follower = Self { log, length, header, seen: 0, pages: BTreeSet::new() };
        let begun = follower.look().ok()?;
        follower.pages.clear();
        // A log without a frame is about to start over, and its header is about to change.
        (begun && follower.seen > 0).then_some(follower)
    }

    /// Notes what was changed up to now; false when something may have been missed.
    ///
    /// # Errors
    /// As the disk, and as SQLite.
    pub(super) fn look(&mut self) -> Result<bool> {
        for _ in 0..LOOKS {
            let Some(header) = Header::read(&self.log)? else { return Ok(false) };
            if header != self.header {
                if !header.follows(self.header) || !self.finish()? {
                    return Ok(false);
                }
                (self.header, self.seen) = (header, 0);
            }
            let length = self.length()?;
            // A log that starts over writes its header first: as long as that is the old one, the
            // length is that of the old log, or none.
            if Header::read(&self.log)? != Some(self.header) {
                continue;
            }
            // It is about to, or it cannot be asked just now.
            if length == 0 || length < self.seen {
                return self.finish();
            }
            while self.seen < length {
                if self.frame(self.seen)? != Some(self.header.salt) {
                    return Ok(false);
                }
                self.seen += 1;
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// Pages that were changed, in their order, and forgets them.
    pub(super) fn take(&mut self) -> BTreeSet<u32> {
        std::mem::take(&mut self.pages)
    }

    /// How many pages are noted.
    pub(super) fn count(&self) -> usize {
        self.pages.len()
    }

    /// Notes what is left of a log that starts over; false when some of it may be overwritten.
    fn finish(&mut self) -> Result<bool> {
        // What was seen last still being there, nothing after it was overwritten when it was read.
        let last = self.seen.checked_sub(1);
        for at in last.unwrap_or(0).. {
            match self.frame(at)? {
                Some(salt) if salt == self.header.salt => {}
                // What is left of an even older log.
                Some(salt) => return Ok(Some(at) > last && !salt.is_after(self.header.salt)),
                // Of a file that ends before its first frame nobody knows what it had.
                None => return Ok(at > 0 && Some(at) > last),
            }
        }
        Ok(true)
    }

    /// Frames of the log that can be seen by who begins to read now; none, too, while somebody writes
    /// down how many there are.
    fn length(&self) -> Result<u64> {
        // (busy, frames in the log, frames copied back); `noop` does nothing else.
        let frames: i64 = self
            .length
            .query_row("pragma wal_checkpoint(noop)", [], |row| row.get(1))
            .map_err(failure::of_sqlite)?;
        Ok(u64::try_from(frames).unwrap_or_default())
    }

    /// The salt of a frame, if it is there; its page is noted, if it belongs to this log.
    fn frame(&mut self, at: u64) -> Result<Option<Salt>> {
        let mut frame = [0; FRAME];
        let step = FRAME as u64 + u64::from(self.header.page);
        if !read(&self.log, HEADER as u64 + at * step, &mut frame)? {
            return Ok(None);
        }
        let salt = Salt(number(&frame, 8), number(&frame, 12));
        if salt == self.header.salt {
            self.pages.insert(number(&frame, 0));
        }
        Ok(Some(salt))
    }
}

impl Header {
    /// None where there is no whole one.
    fn read(log: &File) -> Result<Option<Self>> {
        let mut header = [0; HEADER];
        if !read(log, 0, &mut header)? || number(&header, 0) & !1 != MAGIC {
            return Ok(None);
        }
        let salt = Salt(number(&header, 16), number(&header, 20));
        Ok(Some(Self { page: number(&header, 8), salt }))
    }

    /// Whether this is the next log in the same file.
    fn follows(self, old: Self) -> bool {
        self.page == old.page && self.salt.0 == old.salt.0.wrapping_add(1)
    }
}

impl Salt {
    fn is_after(self, other: Self) -> bool {
        self.0.wrapping_sub(other.0).cast_signed() > 0
    }
}

/// False where the file ends before.
fn read(mut file: &File, at: u64, into: &mut [u8]) -> Result<bool> {
    file.seek(SeekFrom::Start(at))?;
    match file.read_exact(into) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn number(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_be_bytes)
}

#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;
