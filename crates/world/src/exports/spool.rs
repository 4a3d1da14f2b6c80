//! A file between a snapshot and a slow reader: the snapshot lasts as long as the disk takes, and
//! memory holds one piece.

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::sync::Arc;

use database::Reach;
use kernel::App;
use tempfile::NamedTempFile;
use tokio::sync::watch;
use types::{Error, Result};

use super::places::{Place, Writing};
use crate::transfer::{self, ExportOptions};

/// Bytes handed out at a time.
const PIECE: u64 = 256 << 10;

/// The export of a group, read while it is being written.
pub struct Spool {
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
}

impl Spool {
    /// Starts writing; the file is gone with its last user, and so is its place. That of who writes is
    /// free as soon as all is written.
    pub(super) fn fill(
        app: App,
        reach: Reach,
        options: ExportOptions,
        (place, writing): (Place, Writing),
    ) -> Result<Self> {
        let named = NamedTempFile::new()?;
        let file = named.reopen()?;
        let (tell, progress) = watch::channel(Progress::default());
        let mut out = Out { file: named.into_file(), tell };
        let place = Arc::new(place);
        let held = Arc::clone(&place);
        tokio::spawn(async move {
            let filled = fill(&app, reach, &mut out, options).await;
            // Before anybody is told that all is there.
            drop((held, writing));
            match filled {
                Ok(()) => out.tell.send_modify(|progress| progress.done = true),
                // Hanging up without being done is how the reader learns of it.
                Err(error) => tracing::warn!(?error, "an export of a group broke off"),
            }
        });
        Ok(Self { file, at: 0, progress, place: Some(place) })
    }

    /// The next bytes; none behind the end.
    ///
    /// # Errors
    /// When the export broke off.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        loop {
            let Progress { written, done } = *self.progress.borrow_and_update();
            if self.at < written {
                let piece = PIECE.min(written - self.at);
                let mut bytes = Vec::new();
                let file = &mut self.file;
                tokio::task::block_in_place(|| file.take(piece).read_to_end(&mut bytes))?;
                self.at += bytes.len() as u64;
                return Ok(Some(bytes));
            }
            if done {
                self.place = None;
                return Ok(None);
            }
            if self.progress.changed().await.is_err() && !self.progress.borrow().done {
                return Err(Error::internal("the export of a group broke off"));
            }
        }
    }
}

/// The last line tells that nothing is missing, as in every other export.
async fn fill(app: &App, reach: Reach, out: &mut Out, options: ExportOptions) -> Result<()> {
    let summary = transfer::export(app, reach, out, options, |_| {}).await?;
    let end = serde_json::json!({ "kind": "end", "rows": summary.lines });
    writeln!(out, "{end}")?;
    Ok(())
}

struct Out {
    file: File,
    tell: watch::Sender<Progress>,
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.tell.is_closed() {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, "nobody reads any more"));
        }
        let count = self.file.write(bytes)?;
        self.tell.send_modify(|progress| progress.written += count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
