//! A file between a snapshot and a slow reader: the snapshot lasts as long as the disk takes, and
//! memory holds one piece. The disk may be the database's, so some of it is left.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use database::Reach;
use kernel::{App, Tries, disk};
use telemetry::within;
use tempfile::NamedTempFile;
use tokio::sync::watch;
use types::{Error, Result};

use super::places::{Place, Writing};
use crate::transfer::{self, ExportOptions};

/// Bytes handed out at a time.
const PIECE: u64 = 256 << 10;
/// Bytes written between two looks at how much room is left.
const LOOK: u64 = 4 << 20;

/// The export of a group, read while it is being written.
pub(super) struct Spool {
    file: File,
    at: u64,
    progress: watch::Receiver<Progress>,
    /// Whoever has read everything may ask for the next export, before this one is dropped.
    place: Option<Arc<Place>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    written: u64,
    done: bool,
    /// The disk has no room for the rest.
    full: bool,
    /// The store has no room to read it.
    busy: bool,
}

/// The file as it is written to.
pub(super) struct Out {
    file: File,
    room: Room,
    tell: watch::Sender<Progress>,
    /// Held while it is written.
    places: Option<(Arc<Place>, Writing)>,
}

/// The room that is left where the file is.
struct Room {
    folder: PathBuf,
    /// Bytes written since the last look.
    unseen: u64,
    lacking: fn(&Path, u64) -> Option<String>,
}

/// A file and its reader; it is gone with the last of both, and so is the place. That of who writes
/// is free as soon as all is written.
///
/// # Errors
/// 507 `export_no_room`.
pub(super) fn open((place, writing): (Place, Writing)) -> Result<(Spool, Out)> {
    let named = NamedTempFile::new()?;
    let folder = named.path().parent().unwrap_or_else(|| Path::new(".")).to_owned();
    let room = Room { folder, unseen: 0, lacking: disk::lacking };
    if let Some(cause) = (room.lacking)(&room.folder, LOOK) {
        return Err(no_room().caused_by(cause));
    }
    let file = named.reopen()?;
    let (tell, progress) = watch::channel(Progress::default());
    let place = Arc::new(place);
    let places = Some((Arc::clone(&place), writing));
    let out = Out { file: named.into_file(), room, tell, places };
    Ok((Spool { file, at: 0, progress, place: Some(place) }, out))
}

impl Spool {
    /// The same once there is something to read: what fails until then is an answer, and no file
    /// that breaks off.
    ///
    /// # Errors
    /// As [`Spool::next`].
    pub(super) async fn begun(mut self) -> Result<Self> {
        self.news().await?;
        Ok(self)
    }

    /// The next bytes; none behind the end.
    ///
    /// # Errors
    /// 503 when the store had no room for it; 507 `export_no_room`; when the export broke off.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let Progress { written, .. } = self.news().await?;
        if self.at == written {
            self.place = None;
            return Ok(None);
        }
        let piece = PIECE.min(written - self.at);
        let mut bytes = Vec::new();
        let file = &mut self.file;
        tokio::task::block_in_place(|| file.take(piece).read_to_end(&mut bytes))?;
        self.at += bytes.len() as u64;
        Ok(Some(bytes))
    }

    /// How far it is written, once that is further than it was read, or all of it.
    async fn news(&mut self) -> Result<Progress> {
        loop {
            let progress = *self.progress.borrow_and_update();
            if progress.full {
                return Err(no_room());
            }
            if progress.done || self.at < progress.written {
                return Ok(progress);
            }
            if progress.busy {
                return Err(Error::overloaded("The store is busy; try again in a moment."));
            }
            if self.progress.changed().await.is_err() && !self.progress.borrow().done {
                return Err(Error::internal("the export of a group broke off"));
            }
        }
    }
}

impl Out {
    /// Starts writing.
    pub(super) fn fill(mut self, app: App, reach: Reach, options: ExportOptions) {
        let filling = async move {
            let filled = fill(&app, reach, &mut self, options).await;
            // Before anybody is told that all is there.
            self.places = None;
            match filled {
                Ok(()) => self.tell.send_modify(|progress| progress.done = true),
                // Hanging up without being done is how the reader learns of it.
                Err(error) => {
                    self.break_off(&error);
                    tracing::warn!(?error, "an export of a group broke off");
                }
            }
        };
        tokio::spawn(within(telemetry::current(), filling));
    }

    /// Whoever has read nothing yet may be told to come back.
    fn break_off(&self, error: &Error) {
        let busy = error.kind() == types::ErrorKind::Overloaded;
        self.tell.send_modify(|progress| progress.busy = busy);
    }

    /// Whether there is something to read.
    fn has_begun(&self) -> bool {
        self.tell.borrow().written > 0
    }

    /// Waits before it is begun once more, as long as that is of use.
    ///
    /// # Errors
    /// The one that it met, when it is not to be begun again.
    async fn once_more(&self, tries: &mut Tries, error: Error) -> Result<()> {
        // What is read already is of this snapshot, and so is the rest or there is none.
        if self.has_begun() || self.tell.is_closed() {
            return Err(error);
        }
        tokio::select! {
            waited = tries.after(error) => waited,
            () = self.tell.closed() => Err(Error::overloaded("Nobody waits for it any more.")),
        }
    }

    /// The reader is told by name, and what nobody will read gives its room back at once.
    fn give_up(&mut self) {
        self.tell.send_modify(|progress| progress.full = true);
        let _ = self.file.set_len(0);
    }
}

/// The last line tells that nothing is missing, as in every other export.
async fn fill(app: &App, reach: Reach, out: &mut Out, options: ExportOptions) -> Result<()> {
    let mut tries = Tries::default();
    let summary = loop {
        match transfer::export(app, reach.clone(), &mut *out, options.clone(), |_| {}).await {
            Ok(summary) => break summary,
            Err(error) => out.once_more(&mut tries, error).await?,
        }
    };
    let end = serde_json::json!({ "kind": "end", "rows": summary.lines });
    writeln!(out, "{end}")?;
    Ok(())
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.tell.is_closed() {
            return Err(io::Error::new(ErrorKind::BrokenPipe, "nobody reads any more"));
        }
        let room = self.room.take(bytes.len() as u64);
        let written = room.and_then(|()| self.file.write(bytes));
        match &written {
            Ok(count) => {
                let count = *count as u64;
                self.tell.send_modify(|progress| progress.written += count);
            }
            Err(error) if is_full(error.kind()) => self.give_up(),
            Err(_) => {}
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Room {
    /// Takes so many bytes of it, and looks now and then whether they are there.
    fn take(&mut self, bytes: u64) -> io::Result<()> {
        self.unseen += bytes;
        if self.unseen < LOOK {
            return Ok(());
        }
        self.unseen = 0;
        match (self.lacking)(&self.folder, bytes) {
            None => Ok(()),
            Some(cause) => Err(io::Error::new(ErrorKind::StorageFull, cause)),
        }
    }
}

fn is_full(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

fn no_room() -> Error {
    Error::new(
        types::ErrorKind::StorageFull,
        "export_no_room",
        "There is not enough room on the server's disk: for this export, and 256 MiB that are left \
         to others. Make room there, or export less of the group at a time.",
    )
}

#[cfg(test)]
#[path = "spool_tests.rs"]
mod tests;
