//! What came of the last backup: a small file in the data directory. Not a row, because a backup
//! must not be remembered by what it is a copy of, and because the command line makes backups beside
//! a server that alone may write to the database.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use types::{Error, Result, Time};
use utoipa::ToSchema;

use super::folder;
use super::manifest::Kind;
use super::unpack::unwritable;

const FILE: &str = "backups.json";

/// What came of making one.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BackupOutcome)]
pub struct Outcome {
    /// When it began.
    pub started_at: Time,
    /// When it ended.
    pub finished_at: Time,
    /// Who asked for it.
    #[schema(inline)]
    pub kind: Kind,
    /// Whether it is there.
    pub ok: bool,
    /// Its name.
    pub name: Option<String>,
    /// Its size.
    pub bytes: Option<u64>,
    /// `folder` or `s3`.
    pub place: String,
    /// Why there is none: a code.
    pub error_code: Option<String>,
    /// The same as a sentence.
    pub error: Option<String>,
}

/// What is remembered.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// The last one.
    pub last: Option<Outcome>,
    /// The last one that went well.
    pub last_good: Option<Outcome>,
}

impl State {
    /// What is remembered in a data directory; nothing, where nothing can be read.
    #[must_use]
    pub fn read(data: &Path) -> Self {
        let text = fs::read_to_string(data.join(FILE)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Remembers an outcome.
    pub(super) fn remember(data: &Path, outcome: Outcome) -> Result<()> {
        let mut state = Self::read(data);
        if outcome.ok {
            state.last_good = Some(outcome.clone());
        }
        state.last = Some(outcome);
        let (path, part) = (data.join(FILE), data.join(format!("{FILE}.part")));
        let text = serde_json::to_vec_pretty(&state)?;
        let written = File::create(&part)
            .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&part, &path));
        written.map_err(|error| unwritable(&path, &error))
    }
}

/// The right to work on backups in a directory; one at a time.
pub(super) struct Turn {
    _lock: File,
    /// Where plain copies lie meanwhile: the data lies here as well.
    pub(super) scratch: PathBuf,
}

impl Turn {
    /// Takes it to make one or to look into one, and clears away what one that was killed has left.
    pub(super) fn take(directory: &Path, what: &'static str) -> Result<Self> {
        folder::prepare(directory)?;
        let path = directory.join(format!("{what}.lock"));
        let mut options = File::options();
        let lock = options.create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(|error| unwritable(&path, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::conflict(
                    "backup_running",
                    "Another backup is being made or looked into here; wait for its end.",
                ));
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let scratch = directory.join(format!("{what}.scratch"));
        match fs::remove_dir_all(&scratch) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(unwritable(&scratch, &error));
            }
            _ => {}
        }
        folder::prepare(&scratch)?;
        Ok(Self { _lock: lock, scratch })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.scratch);
    }
}
