//! The sealed log as a file, and its verification where there is no database: NDJSON, with each
//! leaf, what was hashed for it, and each note that was signed behind the last leaf it is about.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};

use database::{Db, Settings, Tx};
use kernel::disk;
use kernel::sealed::tiles::{self, WIDTH};
use kernel::sealed::tree::{base64, unbase64};
use kernel::sealed::{Event, Verifier};
use serde::{Deserialize, Serialize};
use types::{Error, ErrorKind, Result};

use super::check::{Check, Seen};
use super::findings::Report;
use super::notes::{Note, Notes};
use super::sql;
use super::verify::{self, Wanted};

/// Of the form of the file.
const VERSION: u32 = 2;
/// A line holds an event, whose metadata has 64 KiB, or a checkpoint.
const MOST_BYTES: u64 = 8 << 20;
const BUFFER: usize = 1 << 20;

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", deny_unknown_fields)]
enum Line {
    /// The first one.
    Log { version: u32, keys: Vec<String> },
    /// A leaf. What was hashed is a text, so that nobody has to write JSON as we do. Where it is
    /// absent the event was deleted; where only `seq` is there, it should be.
    Leaf {
        hash: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        entry: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seq: Option<i64>,
    },
    /// A checkpoint of all leaves before it.
    Checkpoint { note: String },
    /// What tells of deletions among the leaves before it.
    Deletion { note: String },
    /// The last one.
    End { leaves: u64, checkpoints: u64, deletions: u64 },
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exported {
    /// Leaves.
    pub leaves: u64,
    /// Leaves with their events.
    pub events: u64,
    /// Checkpoints.
    pub checkpoints: u64,
    /// Notes that tell of deletions.
    pub deletions: u64,
}

/// Writes the sealed log of the database that the settings name, of one moment, into a file that
/// only this user reads; it appears when it is whole.
///
/// # Errors
/// 409 `audit_absent`, `output_unwritable`; when the database cannot be read.
pub async fn export(settings: &Settings, path: &Path) -> Result<Exported> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    let own = beside.clone();
    let look = async move |tx: &mut Tx| {
        // From the start: a snapshot may have to be taken once more.
        let mut out = Out { file: BufWriter::with_capacity(BUFFER, create(&own)?) };
        let done = write_all(tx, &mut out).await?;
        out.file
            .flush()
            .and_then(|()| out.file.get_ref().sync_all())
            .map_err(|error| unwritable(&error))?;
        Ok(done)
    };
    let done = Db::look(&verify::patient(settings), look).await;
    let done = done.and_then(|done| {
        std::fs::rename(&beside, path)
            .and_then(|()| disk::sync_folder(disk::parent(path)))
            .map_err(|error| unwritable(&error))?;
        Ok(done)
    });
    if done.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    done
}

/// What is there was left by one that did not come to its end, or is a trap: it goes, and nothing is
/// written through it.
fn create(path: &Path) -> Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(unwritable(&error));
        }
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path).map_err(|error| unwritable(&error))
}

fn unwritable(error: &std::io::Error) -> Error {
    Error::conflict("output_unwritable", format!("The file cannot be written: {error}."))
}

struct Out {
    file: BufWriter<File>,
}

impl Out {
    fn line(&mut self, line: &Line) -> Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.file.write_all(&text).map_err(|error| unwritable(&error))
    }
}

async fn write_all(tx: &mut Tx, out: &mut Out) -> Result<Exported> {
    verify::require(tx).await?;
    out.line(&Line::Log { version: VERSION, keys: sql::keys(tx).await? })?;
    let (mut done, mut notes, mut place) = (Exported::default(), Notes::default(), 0);
    while let Some(bytes) = sql::tile(tx, (0, place)).await? {
        let hashes = tiles::hashes(&bytes).unwrap_or_default();
        let from = done.leaves;
        let mut found = sql::leaves(tx, from, from + WIDTH as u64).await?.into_iter().peekable();
        for hash in &hashes {
            let seen = found.next_if(|(leaf, _)| *leaf == done.leaves).map(|(_, seen)| seen);
            let (entry, seq) = match seen {
                Some(Seen::Event(event)) => (Some(event.text()?), None),
                Some(Seen::Missing(seq)) => (None, Some(seq)),
                Some(Seen::Damaged(seq)) => (None, seq),
                Some(Seen::Gone) | None => (None, None),
            };
            done.events += u64::from(entry.is_some());
            out.line(&Line::Leaf { hash: base64(hash), entry, seq })?;
            done.leaves += 1;
            told(tx, out, &mut notes, &mut done).await?;
        }
        place += 1;
        if hashes.len() < WIDTH {
            break;
        }
    }
    let Exported { leaves, checkpoints, deletions, .. } = done;
    out.line(&Line::End { leaves, checkpoints, deletions })?;
    Ok(done)
}

/// What was signed of as many leaves as were written.
async fn told(tx: &mut Tx, out: &mut Out, notes: &mut Notes, done: &mut Exported) -> Result<()> {
    while let Some((_, note)) = notes.up_to(tx, done.leaves).await? {
        match note {
            Note::Checkpoint(note) => {
                out.line(&Line::Checkpoint { note })?;
                done.checkpoints += 1;
            }
            Note::Deletion(note) => {
                out.line(&Line::Deletion { note })?;
                done.deletions += 1;
            }
        }
    }
    Ok(())
}

/// Verifies such a file.
///
/// # Errors
/// 409 `audit_file_damaged`, when it is none, or not whole; when it cannot be read.
pub fn verify_file(path: &Path, wanted: Wanted) -> Result<Report> {
    let file = File::open(path).map_err(|error| {
        let said = format!("{} cannot be read: {error}.", path.display());
        Error::new(ErrorKind::NotFound, "file_unreadable", said)
    })?;
    let mut lines = Lines { from: BufReader::with_capacity(BUFFER, file), number: 0 };
    let Some(Line::Log { version: VERSION, keys }) = lines.next()? else {
        return Err(lines.damaged("it does not begin as an exported log of this version"));
    };
    let known = keys.iter().filter_map(|key| Verifier::parse(key).ok()).collect();
    let mut check = Check::new(wanted.trusted, known, wanted.kept);
    let (mut full, mut checkpoints, mut deletions) = (Vec::new(), 0, 0);
    loop {
        match lines.next()? {
            Some(Line::Leaf { hash, entry, seq }) => {
                let hash = unbase64(&hash).ok_or_else(|| lines.damaged("this is no hash"))?;
                check.leaf(hash, seen(entry.as_deref(), seq), &mut full)?;
                full.clear();
            }
            Some(Line::Checkpoint { note }) => {
                check.checkpoint(&note);
                checkpoints += 1;
            }
            Some(Line::Deletion { note }) => {
                check.deletion(&note);
                deletions += 1;
            }
            Some(Line::End { leaves, checkpoints: signed, deletions: told }) => {
                if (leaves, signed, told) != (check.size(), checkpoints, deletions) {
                    return Err(lines.damaged("lines are missing"));
                }
                break;
            }
            Some(Line::Log { .. }) => return Err(lines.damaged("this stands at the beginning")),
            None => return Err(lines.damaged("its end is missing")),
        }
    }
    match lines.next()? {
        None => Ok(check.finish()),
        Some(_) => Err(lines.damaged("something stands behind its end")),
    }
}

/// What a line says of the event of its leaf.
fn seen(entry: Option<&str>, seq: Option<i64>) -> Seen {
    match (entry, seq) {
        (None, None) => Seen::Gone,
        (None, Some(seq)) => Seen::Missing(seq),
        (Some(entry), _) => match serde_json::from_str::<Event>(entry) {
            // In any other form it is not what was hashed.
            Ok(event) if event.text().is_ok_and(|text| text == entry) => {
                Seen::Event(Box::new(event))
            }
            Ok(event) => Seen::Damaged(Some(event.seq)),
            Err(_) => Seen::Damaged(None),
        },
    }
}

struct Lines<R> {
    from: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> Result<Option<Line>> {
        let mut text = Vec::new();
        self.number += 1;
        let read = (&mut self.from).take(MOST_BYTES).read_until(b'\n', &mut text);
        let read = read.map_err(|error| self.damaged(&format!("it cannot be read: {error}")))?;
        if read == 0 {
            return Ok(None);
        }
        if text.last() != Some(&b'\n') {
            return Err(self.damaged("the line is cut, or too long"));
        }
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| self.damaged(&format!("this is no line of an exported log: {error}")))
    }

    fn damaged(&self, why: &str) -> Error {
        let said = format!("The file is damaged in line {}: {why}.", self.number);
        Error::conflict("audit_file_damaged", said)
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
