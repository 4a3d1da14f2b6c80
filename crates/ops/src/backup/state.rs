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
use super::made::BUSY;
use super::manifest::Kind;
use super::unpack::unwritable;

const FILE: &str = "backups.json";
/// What there are turns for.
pub(super) const MAKING: &str = "backups";
const LOOKING: &str = "verify";

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
#[serde(default, rename_all = "camelCase")]
pub struct State {
    /// The last one.
    pub last: Option<Outcome>,
    /// The last one that went well.
    pub last_good: Option<Outcome>,
    /// The last one of the schedule.
    pub last_scheduled: Option<Outcome>,
    /// The last one of the schedule that went well.
    pub last_good_scheduled: Option<Outcome>,
    /// Since when there is which schedule.
    pub schedule: Option<Since>,
}

/// A schedule that a server has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since {
    /// Its expression.
    pub every: String,
    /// The first start of a server with it.
    pub at: Time,
}

impl State {
    /// What is remembered in a data directory; nothing, where nothing can be read.
    #[must_use]
    pub fn read(data: &Path) -> Self {
        let text = fs::read_to_string(data.join(FILE)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// The moment from which on a schedule owes backups: its last good one, or its beginning. None,
    /// when no server has begun with it.
    ///
    /// One that is still to come was made by a clock that was ahead: it does not count, or nobody
    /// would miss any until then.
    #[must_use]
    pub fn owed_since(&self, every: &str, now: Time) -> Option<Time> {
        let begun = self.schedule.as_ref().filter(|schedule| schedule.every == every)?.at.min(now);
        let good = self.last_good_scheduled.as_ref().map(|good| good.started_at);
        Some(good.filter(|good| *good <= now).map_or(begun, |good| good.max(begun)))
    }

    /// Remembers an outcome.
    pub(super) fn remember(data: &Path, outcome: Outcome) -> Result<()> {
        let mut state = Self::read(data);
        state.begun_by(outcome.finished_at);
        state.take(outcome);
        state.write(data)
    }

    fn take(&mut self, outcome: Outcome) {
        let scheduled = outcome.kind == Kind::Scheduled;
        if outcome.ok && scheduled {
            self.last_good_scheduled = Some(outcome.clone());
        }
        if outcome.ok {
            self.last_good = Some(outcome.clone());
        }
        if scheduled {
            self.last_scheduled = Some(outcome.clone());
        }
        self.last = Some(outcome);
    }

    /// A schedule that is there has begun, whatever a clock has said that was ahead; whether one had.
    fn begun_by(&mut self, now: Time) -> bool {
        match &mut self.schedule {
            Some(schedule) if schedule.at > now => {
                schedule.at = now;
                true
            }
            _ => false,
        }
    }

    /// Remembers that a server begins with a schedule.
    pub(super) fn begin(data: &Path, every: &str, now: Time) -> Result<()> {
        let mut state = Self::read(data);
        let same = state.schedule.as_ref().map_or("", |schedule| schedule.every.as_str()) == every;
        if same {
            return if state.begun_by(now) { state.write(data) } else { Ok(()) };
        }
        state.schedule = (!every.is_empty()).then(|| Since { every: every.to_owned(), at: now });
        state.write(data)
    }

    fn write(&self, data: &Path) -> Result<()> {
        let (path, part) = (data.join(FILE), data.join(format!("{FILE}.part")));
        let text = serde_json::to_vec_pretty(self)?;
        let written = File::create(&part)
            .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&part, &path));
        written.map_err(|error| unwritable(&path, &error))
    }
}

/// The right to work on backups in a directory; one at a time.
pub(super) struct Turn {
    _lock: File,
    /// Where plain copies lie meanwhile: beside the database.
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
                    BUSY,
                    "Another backup is being made or looked into here; wait for its end.",
                ));
            }
            Err(TryLockError::Error(error)) => return Err(unwritable(&path, &error)),
        }
        let scratch = directory.join(format!("{what}.scratch"));
        match fs::remove_dir_all(&scratch) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(unwritable(&scratch, &error));
            }
            _ => {}
        }
        private_folder(&scratch)?;
        Ok(Self { _lock: lock, scratch })
    }

    /// Clears away what one that was killed has left, unless somebody is at it.
    pub(super) fn sweep(directory: &Path) {
        for what in [MAKING, LOOKING] {
            if directory.join(format!("{what}.scratch")).exists() {
                drop(Self::take(directory, what));
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.scratch);
    }
}

/// Where a backup is unpacked to be looked into.
pub enum Room {
    /// The folder of the database, where there is a turn for it.
    Beside(PathBuf),
    /// A folder that is not there yet.
    New(PathBuf),
}

impl Room {
    pub(super) fn enter(&self) -> Result<Entered> {
        match self {
            Self::Beside(folder) => Turn::take(folder, LOOKING).map(Entered::Turn),
            Self::New(path) => {
                private_folder(path)?;
                Ok(Entered::Own(path.clone()))
            }
        }
    }
}

/// A folder that goes with this.
pub(super) enum Entered {
    Turn(Turn),
    Own(PathBuf),
}

impl Entered {
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Turn(turn) => &turn.scratch,
            Self::Own(path) => path,
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if let Self::Own(path) = self {
            let _ = fs::remove_dir_all(path);
        }
    }
}

/// A new folder for nobody else: one that is there may be somebody else's, or lead elsewhere.
fn private_folder(path: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path).map_err(|error| unwritable(path, &error))
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
