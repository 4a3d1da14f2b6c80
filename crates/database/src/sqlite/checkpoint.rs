//! Folding the write-ahead log back into the database, beside the writer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::connection::{Opener, PAGE};
use super::writer::Task;
use crate::failure;

/// How often the checkpointer looks at the log.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(100);
/// After so many looks without a commit, two seconds, the writer gives back what it has mapped: it
/// would hold what it wrote last for as long as nobody writes.
const AT_REST: u32 = 20;

/// Folds the log back; bytes of it that are left, because somebody still reads them or wrote them
/// meanwhile.
pub(super) fn fold(connection: &Connection, pragma: &str) -> u64 {
    // (busy, frames in the log, frames copied back)
    let left = connection.query_row(pragma, [], |row| {
        let (all, done): (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok(u64::try_from(all - done).unwrap_or_default() * PAGE)
    });
    // Best effort: a log that stays long costs space, never data.
    left.unwrap_or_else(|error| {
        tracing::warn!(cause = %failure::of_sqlite(error), "the write-ahead log was not folded back");
        0
    })
}

/// Copies the log back into the database beside the writer. A passive checkpoint cannot start the
/// log over while commits go on, so past the limit the writer does that between two batches. The
/// file keeps its size: writing over blocks it has costs a sync less than growing it.
pub(super) struct Checkpointer {
    pub(super) opener: Arc<Opener>,
    pub(super) commits: Arc<AtomicU64>,
    pub(super) closing: Arc<AtomicBool>,
    pub(super) limit: u64,
    pub(super) queue: mpsc::WeakSender<Task>,
}

impl Checkpointer {
    pub(super) fn run(self) {
        let connection = match self.opener.writer() {
            Ok(connection) => connection,
            Err(error) => {
                tracing::error!(cause = error.cause(), "the log will not be folded back");
                return;
            }
        };
        let (mut seen, mut last, mut quiet) = (0, 0, 0_u32);
        while !self.closing.load(Ordering::Acquire) {
            std::thread::park_timeout(CHECKPOINT_EVERY);
            let commits = self.commits.load(Ordering::Acquire);
            quiet = if commits == last { quiet.saturating_add(1) } else { 0 };
            last = commits;
            if quiet == AT_REST {
                self.ask(Task::Rest);
            }
            if commits == seen || log_bytes(&connection) < self.limit {
                continue;
            }
            seen = commits;
            if fold(&connection, "pragma wal_checkpoint(passive)") >= self.limit {
                // A backup or an export holds on to it: the writer would wait for nothing.
                continue;
            }
            // A full queue means a later round will ask again.
            self.ask(Task::Fold);
        }
    }

    /// Asks the writer, unless it has no room, or ends.
    fn ask(&self, task: Task) {
        if let Some(queue) = self.queue.upgrade() {
            let _ = queue.try_send(task);
        }
    }
}

/// Bytes of the log in use; the file may be longer.
fn log_bytes(connection: &Connection) -> u64 {
    // (busy, frames in the log, frames copied back); `noop` does nothing else.
    let frames: i64 = connection
        .query_row("pragma wal_checkpoint(noop)", [], |row| row.get(1))
        .unwrap_or_default();
    u64::try_from(frames).unwrap_or_default() * PAGE
}
