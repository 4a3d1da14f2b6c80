//! The way back: a backup is unpacked beside the database, checked, and put in its place by one
//! rename. Until then nothing has changed; what was there before stays beside it under another name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use database::file::{self, Depth, Hold};
use types::{Error, Result, Time};

use super::folder::{prepare, sync_folder};
use super::manifest::Manifest;
use super::pack::KeyFile;
use super::place::Place;
use super::seal::Unlock;
use super::state::Turn;
use super::unpack::{self, private, unwritable};

/// What lies beside a database and belongs to it.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A backup that was looked into.
pub struct Checked {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Rows in all tables.
    pub rows: u64,
}

/// A backup that is to be put in place.
pub struct Restoring {
    /// Where it is.
    pub place: Place,
    /// Its name there.
    pub name: String,
    /// What opens it.
    pub unlock: Unlock,
    /// The database it becomes.
    pub database: PathBuf,
    /// The folder of the keys; none, when they come from elsewhere.
    pub keys: Option<PathBuf>,
    /// What is remembered of the keys that are here; none, when there are none.
    pub present: Option<String>,
    /// Whether what is there is put aside.
    pub replace: bool,
    /// This moment.
    pub now: Time,
}

/// How the keys stand after a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeysAfter {
    /// They are those of the data.
    Fit,
    /// They were in the backup, and are in place.
    Restored,
    /// There are none: what they protect cannot be read.
    Missing,
    /// They are others: what the right ones protect cannot be read.
    Foreign,
}

/// A backup that is in place.
pub struct Restored {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Rows in all tables.
    pub rows: u64,
    /// How the keys stand.
    pub keys: KeysAfter,
    /// Where what was there before is now.
    pub aside: Vec<PathBuf>,
}

/// Unpacks a backup into a scratch folder of `directory`, checks everything, and clears it away.
///
/// # Errors
/// 404 `backup_absent`; 409 `backup_…`, with what is wrong; 503 when it cannot be read.
pub async fn verify(
    place: &Place,
    name: &str,
    unlock: Unlock,
    directory: &Path,
) -> Result<Checked> {
    let turn = Turn::take(directory, "verify")?;
    place
        .fetch(name, move |from, stop| {
            let into = turn.scratch.join("database");
            let found = unpack::unpack(from, &unlock, &into, Depth::All, stop)?;
            Ok(Checked { manifest: found.manifest, rows: found.rows })
        })
        .await
}

/// Puts a backup in place of a database.
///
/// # Errors
/// As [`verify`]; 409 `database_there`, `database_in_use`, `keys_foreign`. Nothing has changed then.
pub async fn restore(wanted: Restoring) -> Result<Restored> {
    let Restoring { place, name, unlock, database, keys, present, replace, now } = wanted;
    if let Some(folder) = database.parent() {
        prepare(folder)?;
    }
    let hold = Hold::take(&database)?;
    let there = is_there(&database)?;
    if there && !replace {
        return Err(Error::conflict(
            "database_there",
            format!(
                "There is a database at {} already: --replace puts it aside under another name.",
                database.display()
            ),
        ));
    }
    let beside = beside(&database, ".restoring");
    place
        .fetch(&name, move |from, stop| {
            let scratch = Scratch::at(beside)?;
            let found = unpack::unpack(from, &unlock, &scratch.0, Depth::Pages, stop)?;
            let tag = format!(".replaced-{}", moment(now));
            let mut aside = Vec::new();
            let own = Own { folder: keys, present, replace, tag: &tag };
            let keys = own.settle(&found.manifest, &found.keys, &mut aside)?;
            swap(&database, &found.database, &tag, &mut aside)
                .map_err(|error| unwritable(&database, &error))?;
            drop(hold);
            Ok(Restored { manifest: found.manifest, rows: found.rows, keys, aside })
        })
        .await
}

/// Whether anything of a database is at a path: a log without its database would become part of
/// the next one.
fn is_there(database: &Path) -> Result<bool> {
    for end in ["", BESIDE[0], BESIDE[2]] {
        if beside(database, end).try_exists()? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn beside(database: &Path, end: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// `20260131T120000Z`.
fn moment(now: Time) -> String {
    let text: String = now.to_string().chars().filter(|one| !"-:".contains(*one)).collect();
    format!("{}Z", text.split('.').next().unwrap_or_default())
}

/// A file that goes with this, unless it was moved into place.
struct Scratch(PathBuf);

impl Scratch {
    /// Clears away what one that was killed has left.
    fn at(path: PathBuf) -> Result<Self> {
        let scratch = Self(path);
        scratch.clear();
        Ok(scratch)
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

/// One rename changes which database is there; the old one keeps its name with a tag behind it.
fn swap(database: &Path, new: &Path, tag: &str, aside: &mut Vec<PathBuf>) -> io::Result<()> {
    let folder = database.parent().unwrap_or(Path::new(""));
    if database.try_exists()? {
        // One file instead of two, if it is sound enough for that.
        let _ = file::settle(database);
        let old = beside(database, tag);
        // Under both names, so that there is a database at every moment.
        if fs::hard_link(database, &old).is_err() {
            fs::rename(database, &old)?;
        }
        aside.push(old);
    }
    for end in BESIDE {
        let (there, old) = (beside(database, end), beside(database, &format!("{tag}{end}")));
        if there.try_exists()? {
            fs::rename(there, &old)?;
            aside.push(old);
        }
    }
    sync_folder(folder)?;
    fs::rename(new, database)?;
    sync_folder(folder)
}

/// The keys that are here.
struct Own<'a> {
    folder: Option<PathBuf>,
    present: Option<String>,
    replace: bool,
    tag: &'a str,
}

impl Own<'_> {
    /// Puts keys from a backup in place where there are none.
    fn settle(
        &self,
        manifest: &Manifest,
        keys: &[KeyFile],
        aside: &mut Vec<PathBuf>,
    ) -> Result<KeysAfter> {
        if self.present.is_some() && self.present == manifest.keys_fingerprint {
            return Ok(KeysAfter::Fit);
        }
        let without = match self.present {
            Some(_) => KeysAfter::Foreign,
            None => KeysAfter::Missing,
        };
        let Some(folder) = self.folder.as_deref().filter(|_| !keys.is_empty()) else {
            return Ok(without);
        };
        if folder.try_exists()? {
            if !self.replace {
                return Err(Error::conflict(
                    "keys_foreign",
                    format!(
                        "There are other keys in {} than those in the backup: --replace puts them \
                         aside under another name.",
                        folder.display()
                    ),
                ));
            }
            let old = beside(folder, self.tag);
            fs::rename(folder, &old).map_err(|error| unwritable(&old, &error))?;
            aside.push(old);
        }
        place(folder, keys)?;
        Ok(KeysAfter::Restored)
    }
}

/// All of them or none.
fn place(folder: &Path, keys: &[KeyFile]) -> Result<()> {
    let new = beside(folder, ".restoring");
    match fs::remove_dir_all(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(unwritable(&new, &error));
        }
        _ => {}
    }
    prepare(&new)?;
    for key in keys {
        let path = new.join(&key.name);
        let mut file = private(&path)?;
        io::Write::write_all(&mut file, key.text.reveal().as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(|error| unwritable(&path, &error))?;
    }
    sync_folder(&new)
        .and_then(|()| fs::rename(&new, folder))
        .and_then(|()| sync_folder(folder.parent().unwrap_or(Path::new(""))))
        .map_err(|error| unwritable(folder, &error))
}
