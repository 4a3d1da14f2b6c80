//! A database and its keys in place of others: both of them, or neither.
//!
//! Everything new lies beside its place already, so nothing is left but renames. What was there keeps
//! its files under other names; should a step fail, those before it are undone in reverse order. Who
//! is killed between two steps restores again: until then the old one is there, or one whose server
//! refuses to start, or — of a database that was too damaged to fold its log back — none, and the next
//! restore puts the log that was left beside it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use database::file;
use types::{Error, ErrorKind, Result, Time};

use super::folder::{parent, prepare, sync_folder};
use super::pack::KeyFile;
use super::unpack::{private, unwritable};

/// What lies beside a database and belongs to it.
pub(super) const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];
/// How the names end of what is not in its place yet.
const RESTORING: &str = ".restoring";
/// How those begin of what was in its place.
const REPLACED: &str = ".replaced-";
/// Restores of one second that can be told apart.
const MOST: u32 = 100;

/// The name of something with this at its end.
pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// A database that becomes another one; it goes with this, unless it was moved into place.
pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    /// Clears away what one that was killed has left.
    pub(super) fn of(database: &Path) -> Self {
        let scratch = Self(beside(database, RESTORING));
        scratch.clear();
        scratch
    }

    fn clear(&self) {
        for end in ["", BESIDE[0], BESIDE[1], BESIDE[2]] {
            let _ = fs::remove_file(beside(&self.0, end));
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Keys that become others; they go with this, unless they were moved into place.
pub(super) struct Staged {
    folder: PathBuf,
    new: PathBuf,
}

impl Staged {
    fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), new: beside(folder, RESTORING) }
    }

    /// Writes all of them beside the folder they belong into.
    pub(super) fn write(folder: &Path, keys: &[KeyFile]) -> Result<Self> {
        clear(folder)?;
        let staged = Self::of(folder);
        prepare(&staged.new)?;
        for key in keys {
            let path = staged.new.join(&key.name);
            let mut file = private(&path)?;
            io::Write::write_all(&mut file, key.text.reveal().as_bytes())
                .and_then(|()| file.sync_all())
                .map_err(|error| unwritable(&path, &error))?;
        }
        sync_folder(&staged.new).map_err(|error| unwritable(&staged.new, &error))?;
        Ok(staged)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.new);
    }
}

/// Clears away keys that a restore has left that was killed.
fn clear(folder: &Path) -> Result<()> {
    let new = beside(folder, RESTORING);
    match fs::remove_dir_all(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unwritable(&new, &error)),
        _ => Ok(()),
    }
}

/// Clears away what a restore has left that was killed. To be called by who has the database.
pub(super) fn sweep(database: &Path, keys: &Path) {
    drop(Scratch::of(database));
    drop(Staged::of(keys));
}

/// Whether there is anything in a folder.
pub(super) fn is_filled(folder: &Path) -> Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(unwritable(folder, &error)),
    }
}

/// Puts a database in place, and keys; where what was there is now. To be called by who has the
/// database.
///
/// # Errors
/// 507 `backup_unwritable`: nothing has changed, or the sentence says what lies where.
pub(super) fn swap(
    database: &Path,
    new: &Path,
    keys: Option<&Staged>,
    now: Time,
) -> Result<Vec<PathBuf>> {
    let tag = tag(database, keys.map(|keys| keys.folder.as_path()), now)?;
    // One file instead of two, if it is sound enough for that.
    let settled = file::settle(database).is_ok();
    put(database, new, keys, &tag, settled)
}

fn put(
    database: &Path,
    new: &Path,
    keys: Option<&Staged>,
    tag: &str,
    settled: bool,
) -> Result<Vec<PathBuf>> {
    let mut steps = Steps::default();
    match steps.all(database, new, keys, tag, settled) {
        Ok(()) => Ok(steps.aside),
        Err(error) => Err(steps.undo(error)),
    }
}

/// An end of names that nothing has yet, unless it is that of a database whose log was left behind.
fn tag(database: &Path, keys: Option<&Path>, now: Time) -> Result<String> {
    let parted = parted(database, keys).map_err(|error| unwritable(database, &error))?;
    if let Some(tag) = parted {
        return Ok(tag);
    }
    let moment = moment(now);
    for count in 1..=MOST {
        let tag = match count {
            1 => format!("{REPLACED}{moment}"),
            _ => format!("{REPLACED}{moment}-{count}"),
        };
        let mut paths = [Some(database), keys].into_iter().flatten();
        if !paths.any(|path| is_taken(path, &tag)) {
            return Ok(tag);
        }
    }
    Err(unwritable(database, &io::ErrorKind::AlreadyExists.into()))
}

/// `20260131T120000Z`
fn moment(of: Time) -> String {
    let text: String = of.to_string().chars().filter(|one| !"-:".contains(*one)).collect();
    format!("{}Z", text.split('.').next().unwrap_or_default())
}

/// The end of the names of a database that was put aside by who was killed before its log was, too:
/// the log goes after it. One that was written later is another one's, and would spoil it.
fn parted(database: &Path, keys: Option<&Path>) -> io::Result<Option<String>> {
    let mut written: Option<String> = None;
    for end in [BESIDE[0], BESIDE[2]] {
        match fs::metadata(beside(database, end)) {
            Ok(about) => written = written.max(Some(moment(changed(&about)?))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    let (Some(written), Some(name)) = (written, database.file_name()) else { return Ok(None) };
    if database.try_exists()? {
        return Ok(None);
    }
    let mut newest: Option<String> = None;
    for entry in fs::read_dir(parent(database))? {
        let found = entry?.file_name();
        let tag =
            found.to_str().zip(name.to_str()).and_then(|(found, name)| found.strip_prefix(name));
        let Some(put_aside) = tag.and_then(|tag| tag.strip_prefix(REPLACED)) else { continue };
        let tag = format!("{REPLACED}{put_aside}");
        let is_alone =
            !BESIDE.iter().any(|end| tag.ends_with(end) || is_there(database, &tag, end));
        let is_free = keys.is_none_or(|keys| !is_taken(keys, &tag));
        if put_aside >= written.as_str() && is_alone && is_free {
            newest = newest.max(Some(tag));
        }
    }
    Ok(newest)
}

/// When a file was written last.
fn changed(about: &fs::Metadata) -> io::Result<Time> {
    let since = about.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Time::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)))
}

/// Whether there is something of what was put aside.
fn is_there(path: &Path, tag: &str, end: &str) -> bool {
    fs::symlink_metadata(beside(&beside(path, tag), end)).is_ok()
}

/// Whether something is, or may be, under the name this would have.
fn is_taken(path: &Path, tag: &str) -> bool {
    let old = beside(path, tag);
    ["", BESIDE[0], BESIDE[1], BESIDE[2]].into_iter().any(|end| {
        let found = fs::symlink_metadata(beside(&old, end));
        found.map_or_else(|error| error.kind() != io::ErrorKind::NotFound, |_| true)
    })
}

/// What was done so far.
#[derive(Default)]
struct Steps {
    done: Vec<Step>,
    /// Where what was there is now.
    aside: Vec<PathBuf>,
}

/// What can be undone.
enum Step {
    /// Something is under both names.
    Linked { from: PathBuf, to: PathBuf },
    /// It is under the other name.
    Moved { from: PathBuf, to: PathBuf },
}

impl Steps {
    fn all(
        &mut self,
        database: &Path,
        new: &Path,
        keys: Option<&Staged>,
        tag: &str,
        settled: bool,
    ) -> io::Result<()> {
        self.old_database(database, tag, settled)?;
        if let Some(Staged { folder, new }) = keys {
            if is_filled(folder).map_err(|error| io::Error::other(error.to_string()))? {
                self.put_aside(folder, &beside(folder, tag))?;
            }
            self.rename(new, folder)?;
            sync_folder(parent(folder))?;
        }
        sync_folder(parent(database))?;
        // From here on it is another database.
        self.rename(new, database)?;
        sync_folder(parent(database))
    }

    /// One that is a single file stays in its place as well until the new one takes it. Else its log
    /// leaves after it, so that nobody takes the one without the other for the whole.
    fn old_database(&mut self, database: &Path, tag: &str, settled: bool) -> io::Result<()> {
        let old = beside(database, tag);
        if database.try_exists()? && settled {
            self.link(database, &old)?;
        } else if database.try_exists()? {
            self.put_aside(database, &old)?;
        }
        for end in BESIDE {
            let there = beside(database, end);
            if there.try_exists()? {
                self.put_aside(&there, &beside(&old, end))?;
            }
        }
        Ok(())
    }

    fn link(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        use io::ErrorKind::{PermissionDenied, TooManyLinks, Unsupported};
        match fs::hard_link(from, to) {
            Ok(()) => {
                self.done.push(Step::Linked { from: from.to_owned(), to: to.to_owned() });
                self.aside.push(to.to_owned());
                Ok(())
            }
            // Some file systems have no links.
            Err(error) if matches!(error.kind(), PermissionDenied | TooManyLinks | Unsupported) => {
                self.put_aside(from, to)
            }
            Err(error) => Err(error),
        }
    }

    fn put_aside(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.rename(from, to)?;
        self.aside.push(to.to_owned());
        Ok(())
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)?;
        self.done.push(Step::Moved { from: from.to_owned(), to: to.to_owned() });
        Ok(())
    }

    /// As it was before; what cannot be is named.
    fn undo(self, why: io::Error) -> Error {
        let mut left = Vec::new();
        for step in self.done.into_iter().rev() {
            let undone = match &step {
                Step::Moved { from, to } => fs::rename(to, from),
                // Between two names of one file a rename does nothing.
                Step::Linked { from, to } => fs::rename(to, from).and_then(|()| gone(to)),
            };
            let (Step::Moved { from, to } | Step::Linked { from, to }) = &step;
            if undone.is_err() {
                left.push(format!("{} belongs to {}", to.display(), from.display()));
            }
        }
        let said = if left.is_empty() {
            "The backup cannot be put in place: nothing has changed.".to_owned()
        } else {
            format!(
                "The backup cannot be put in place, and what was done cannot be undone. By hand: {}.",
                left.join(", ")
            )
        };
        Error::new(ErrorKind::StorageFull, "backup_unwritable", said).caused_by(why)
    }
}

fn gone(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "swap_tests.rs"]
mod tests;
