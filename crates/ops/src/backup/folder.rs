//! Backups in a folder.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use kernel::disk::make_folder;
pub(super) use kernel::disk::{parent, sync_folder};
use types::{Error, ErrorKind, Result};

use super::apart::Stop;
use super::manifest::{HEAD_BYTES, Manifest};
use super::place::{Found, Newest, absent, is_name};
use super::space;
use super::unpack::{private, unwritable};

const BUFFER: usize = 1 << 20;
/// How names end as long as they are written.
const PART: &str = ".part";
/// Bytes after which what was written is synced: one large flush at the end would hold up the
/// commits of a database on the same disk.
const SYNC_EVERY: u64 = 4 << 20;

/// The newest of those there, and what each says of itself.
pub(super) fn list(folder: &Path, most: usize, stop: &Stop) -> Result<Vec<Found>> {
    let mut newest = Newest::new(most);
    each(folder, |name, bytes| newest.add(name, bytes))?;
    let mut found = Vec::new();
    for (name, bytes) in newest.files() {
        stop.check()?;
        let manifest = open(&folder.join(&name));
        let manifest = manifest
            .and_then(|file| Manifest::read(&mut BufReader::with_capacity(HEAD_BYTES, file)));
        found.push(Found { name, bytes, manifest });
    }
    Ok(found)
}

/// Names and sizes of the files there; nothing where there is no folder yet.
fn each(folder: &Path, mut is: impl FnMut(String, u64)) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unlisted(folder, &error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| unlisted(folder, &error))?;
        let (Ok(name), Ok(about)) = (entry.file_name().into_string(), entry.metadata()) else {
            continue;
        };
        if about.is_file() {
            is(name, about.len());
        }
    }
    Ok(())
}

fn unlisted(folder: &Path, error: &io::Error) -> Error {
    let said = "The folder of the backups cannot be read.";
    Error::new(ErrorKind::Overloaded, "backup_place_unreadable", said)
        .caused_by(format!("{}: {error}", folder.display()))
}

pub(super) fn open(path: &Path) -> Result<File> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => absent(&name.unwrap_or_default()),
        _ => super::unpack::unreadable(error),
    })
}

pub(super) fn delete(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unwritable(path, &error)),
        _ => Ok(()),
    }
}

/// Under another name until it is whole and on the disk.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // After it was moved into place there is nothing.
        let _ = fs::remove_file(&self.0);
    }
}

pub(super) fn store<T>(
    folder: &Path,
    name: &str,
    make: impl FnOnce(&mut dyn Write) -> Result<T>,
) -> Result<(T, u64)> {
    prepare(folder)?;
    sweep(folder);
    let path = folder.join(name);
    let part = Part(folder.join(format!(".{name}{PART}")));
    let file = private(&part.0)?;
    // Says that somebody still writes it; where there are no locks, nobody clears away.
    let _ = file.try_lock();
    let mut out = BufWriter::with_capacity(BUFFER, Steady::new(file, folder));
    let made = make(&mut out);
    let flushed = out.flush();
    let Steady { file, bytes, failed, .. } =
        out.into_inner().map_err(|error| unwritable(&path, error.error()))?;
    // What stood in the way of writing says more than what came of it.
    if let Some(error) = failed {
        return Err(unwritable(&path, &error));
    }
    let made = made?;
    let done = flushed
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&part.0, &path))
        .and_then(|()| sync_folder(folder));
    done.map_err(|error| unwritable(&path, &error))?;
    Ok((made, bytes))
}

/// Clears away what was begun by processes that are gone.
fn sweep(folder: &Path) {
    let clear = |name: String, _| {
        let begun = name.strip_prefix('.').and_then(|name| name.strip_suffix(PART));
        if begun.is_some_and(is_name) {
            let path = folder.join(name);
            let gone = File::open(&path).is_ok_and(|file| file.try_lock().is_ok());
            if gone {
                let _ = fs::remove_file(path);
            }
        }
    };
    // Whoever cannot read it cannot write there either, and is told so.
    let _ = each(folder, clear);
}

/// A folder for nobody else, if there is none.
pub(super) fn prepare(folder: &Path) -> Result<()> {
    make_folder(folder).map_err(|error| unwritable(folder, &error))
}

/// A file that goes to the disk bit by bit as long as there is room for others, and remembers why it
/// could not.
struct Steady<'a> {
    file: File,
    folder: &'a Path,
    bytes: u64,
    synced: u64,
    failed: Option<io::Error>,
}

impl<'a> Steady<'a> {
    const fn new(file: File, folder: &'a Path) -> Self {
        Self { file, folder, bytes: 0, synced: 0, failed: None }
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()?;
        space::require(self.folder, 0).map_err(|_| io::ErrorKind::StorageFull.into())
    }

    fn note<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        done.map_err(|error| {
            let kind = error.kind();
            if kind != io::ErrorKind::Interrupted {
                self.failed = Some(error);
            }
            kind.into()
        })
    }
}

impl Write for Steady<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.file.write(bytes);
        let written = self.note(done)?;
        self.bytes += written as u64;
        if self.bytes - self.synced >= SYNC_EVERY {
            self.synced = self.bytes;
            let done = self.sync();
            self.note(done)?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.file.flush();
        self.note(done)
    }
}
