//! The way back: a backup is unpacked beside the database, checked, and put in its place. Until then
//! nothing has changed; what was there before stays beside it under another name.

use std::path::{Path, PathBuf};

use database::file::{self, Depth, Hold};
use types::{Error, Result, Time};

use super::folder::{parent, prepare};
use super::jobs::KIND;
use super::manifest::Manifest;
use super::pack::Fingerprint;
use super::place::Place;
use super::seal::Unlock;
use super::state::Room;
use super::swap::{BESIDE, Scratch, Staged, beside, is_filled, swap};
use super::unpack;

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
    /// What is remembered of keys.
    pub fingerprint: Fingerprint,
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
    /// Rows in all tables of it.
    pub rows: u64,
    /// How many were signed in when it was made; nobody is now.
    pub sessions: u64,
    /// How the keys stand.
    pub keys: KeysAfter,
    /// Where what was there before is now.
    pub aside: Vec<PathBuf>,
}

/// Unpacks a backup, checks everything, and clears it away.
///
/// # Errors
/// 404 `backup_absent`; 409 `backup_…`, with what is wrong; 503 when it cannot be read; 507 when there
/// is no room for it.
pub async fn verify(
    place: &Place,
    name: &str,
    unlock: Unlock,
    fingerprint: Fingerprint,
    room: &Room,
) -> Result<Checked> {
    let scratch = room.enter()?;
    place
        .fetch(name, move |from, stop| {
            let into = scratch.path().join("database");
            let begun = unpack::begin(from)?;
            let found = begun.unpack(&unlock, &into, Depth::All, fingerprint, stop)?;
            Ok(Checked { manifest: found.manifest, rows: found.rows })
        })
        .await
}

/// Puts a backup in place of a database. Nobody is signed in there: who signed out since, or was
/// signed out, does not come back with it. Nor does the job that made the backup, which was running
/// then: it would be made again, and make room at the cost of those that are newer.
///
/// # Errors
/// As [`verify`]; 409 `database_there`, `database_in_use`, `keys_foreign`. Nothing has changed then.
pub async fn restore(wanted: Restoring) -> Result<Restored> {
    let Restoring { place, name, unlock, database, fingerprint, now, .. } = wanted;
    let own = Own { folder: wanted.keys, present: wanted.present, replace: wanted.replace };
    prepare(parent(&database))?;
    let hold = Hold::take(&database)?;
    if is_there(&database)? && !own.replace {
        return Err(Error::conflict(
            "database_there",
            format!(
                "There is a database at {} already: --replace puts it aside under another name.",
                database.display()
            ),
        ));
    }
    place
        .fetch(&name, move |from, stop| {
            let begun = unpack::begin(from)?;
            let after = own.settle(&begun.manifest)?;
            let scratch = Scratch::of(&database);
            let found = begun.unpack(&unlock, &scratch.0, Depth::Pages, fingerprint, stop)?;
            let sessions = file::begin_anew(&scratch.0, KIND)?;
            let staged = match &own.folder {
                Some(folder) if after == KeysAfter::Restored => {
                    Some(Staged::write(folder, &found.keys)?)
                }
                _ => None,
            };
            let aside = swap(&database, &found.database, staged.as_ref(), now)?;
            drop(hold);
            let (manifest, rows) = (found.manifest, found.rows);
            Ok(Restored { manifest, rows, sessions, keys: after, aside })
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

/// The keys that are here.
struct Own {
    folder: Option<PathBuf>,
    present: Option<String>,
    replace: bool,
}

impl Own {
    /// How the keys will stand: those of a backup go where there are none.
    fn settle(&self, manifest: &Manifest) -> Result<KeysAfter> {
        if self.present.is_some() && self.present == manifest.keys_fingerprint {
            return Ok(KeysAfter::Fit);
        }
        let without = match self.present {
            Some(_) => KeysAfter::Foreign,
            None => KeysAfter::Missing,
        };
        let Some(folder) = self.folder.as_deref().filter(|_| manifest.includes_keys) else {
            return Ok(without);
        };
        if !self.replace && is_filled(folder)? {
            return Err(Error::conflict(
                "keys_foreign",
                format!(
                    "There are other keys in {} than those in the backup: --replace puts them \
                     aside under another name.",
                    folder.display()
                ),
            ));
        }
        Ok(KeysAfter::Restored)
    }
}
