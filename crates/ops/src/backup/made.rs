//! One backup from beginning to end: whoever asks for it, it is made, remembered, and room is made
//! after it, in the same way.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, Keys, Random};
use types::{Error, Result, Time};

use super::folder::parent;
use super::keep;
use super::manifest::{Kind, Manifest};
use super::pack::{self, Fingerprint, KeyFile, Order};
use super::place::{self, Cleared, Place};
use super::seal::Seal;
use super::settings::Settings;
use super::state::{MAKING, Outcome, State, Turn};
use super::swap;

/// The code of what comes when it is somebody else's turn.
pub(super) const BUSY: &str = "backup_running";
/// Backups that retention looks at.
const LOOKED_AT: usize = 5000;

/// Where the things are that a backup is about.
pub struct Whereabouts {
    /// The data directory.
    pub data: PathBuf,
    /// The file of the database; none on PostgreSQL.
    pub database: Option<PathBuf>,
    /// Reads the keys of the installation.
    pub keys: Box<dyn Fn() -> Result<Vec<KeyFile>> + Send + Sync>,
    /// Where they lie, if they are files.
    pub keys_folder: PathBuf,
    /// What is remembered of them.
    pub fingerprint: Fingerprint,
}

/// Backups of this installation. Cheap to clone.
#[derive(Clone)]
pub struct Backups(Arc<Inner>);

struct Inner {
    settings: Settings,
    place: Option<Place>,
    whereabouts: Whereabouts,
}

/// A backup that is wanted.
pub struct Wanted {
    /// Where it goes.
    pub place: Place,
    /// How it is closed.
    pub seal: Seal,
    /// Who asks.
    pub kind: Kind,
    /// Whether the keys are in it.
    pub keys: bool,
    /// Whether others work on this machine.
    pub gently: bool,
    /// What shows retention later that this installation made it.
    pub proof: Option<Keys>,
    /// How long it may take.
    pub within: Option<Duration>,
}

/// A backup that is there.
#[derive(Debug)]
pub struct Made {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Its size.
    pub bytes: u64,
}

impl Backups {
    /// Backups as these settings have them.
    ///
    /// # Errors
    /// 422, when the settings cannot be used.
    pub fn new(settings: Settings, whereabouts: Whereabouts) -> Result<Self> {
        let place = settings.place()?;
        Ok(Self(Arc::new(Inner { settings, place, whereabouts })))
    }

    /// What the operator says.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Where they go; none, if the operator named no place.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// What came of the last one.
    #[must_use]
    pub fn state(&self) -> State {
        State::read(&self.0.whereabouts.data)
    }

    /// The moment from which on the schedule owes backups, if there is one: see
    /// [`State::owed_since`].
    #[must_use]
    pub fn owed_since(&self, now: Time) -> Option<Time> {
        let every = &self.0.settings.every;
        if every.is_empty() { None } else { self.state().owed_since(every, now) }
    }

    /// Whether this engine's store can be backed up from here.
    #[must_use]
    pub fn has_file(&self) -> bool {
        self.0.whereabouts.database.is_some()
    }

    /// One as the settings have it.
    ///
    /// # Errors
    /// 409 `backup_not_configured`.
    pub fn wanted(&self, kind: Kind) -> Result<Wanted> {
        let place = self.0.place.clone().ok_or_else(not_configured)?;
        let (seal, keys) = (self.0.settings.seal()?, self.0.settings.include_keys);
        Ok(Wanted { place, seal, kind, keys, gently: true, proof: None, within: None })
    }

    /// What is to be done when a server begins, which has the database for itself: what was killed
    /// is cleared away, and since when there is which schedule is remembered.
    pub fn begin(&self, now: Time) {
        let Whereabouts { data, database, keys_folder, .. } = &self.0.whereabouts;
        let Some(database) = database else { return };
        Turn::sweep(parent(database));
        swap::sweep(database, keys_folder);
        if let Err(error) = State::begin(data, &self.0.settings.every, now) {
            tracing::warn!(cause = error.cause(), "the schedule of backups was not noted: {error}");
        }
    }

    /// Makes one, and remembers what came of it. `told` hears how far it is, in percent.
    ///
    /// # Errors
    /// 409 `backup_of_postgres`, `backup_running`, `keys_need_encryption`, `keys_foreign`,
    /// `database_damaged`, `backup_too_slow`; 503 and 507 when the place does not take it.
    pub async fn make(
        &self,
        clock: &Clock,
        random: &Random,
        wanted: Wanted,
        told: impl Fn(u8, &str) + Send + Sync + 'static,
    ) -> Result<Made> {
        let (kind, place) = (wanted.kind, wanted.place.kind().to_owned());
        let started_at = clock.now();
        let name = place::name(started_at, random.bytes());
        let limit = wanted.within.unwrap_or(Duration::MAX);
        let done = self.store(started_at, name.clone(), wanted, told);
        let done = tokio::time::timeout(limit, done).await.unwrap_or_else(|_| Err(too_slow()));
        let error = done.as_ref().err();
        if error.is_some_and(|error| error.code() == BUSY) {
            // Nothing came of it: the other one will say what came of that.
            return done;
        }
        let outcome = Outcome {
            started_at,
            finished_at: clock.now(),
            kind,
            ok: error.is_none(),
            name: error.is_none().then_some(name),
            bytes: done.as_ref().ok().map(|made| made.bytes),
            place,
            error_code: error.map(|error| error.code().to_owned()),
            error: error.map(|error| error.message().to_owned()),
        };
        if let Err(error) = State::remember(&self.0.whereabouts.data, outcome) {
            tracing::warn!(cause = error.cause(), "what came of a backup was not noted: {error}");
        }
        done
    }

    async fn store(
        &self,
        now: Time,
        name: String,
        wanted: Wanted,
        told: impl Fn(u8, &str) + Send + Sync + 'static,
    ) -> Result<Made> {
        let Whereabouts { database, keys, fingerprint, .. } = &self.0.whereabouts;
        let database = database.clone().ok_or_else(of_postgres)?;
        if wanted.keys && wanted.seal.is_open() {
            return Err(Error::conflict(
                "keys_need_encryption",
                "The keys are only put into a backup that is encrypted.",
            ));
        }
        let keys = if wanted.keys { keys()? } else { Vec::new() };
        let turn = Turn::take(parent(&database), MAKING)?;
        let expected = std::fs::metadata(&database).map_or(0, |about| about.len());
        let (seal, gently, kind, proof) = (wanted.seal, wanted.gently, wanted.kind, wanted.proof);
        let (file, fingerprint) = (name.clone(), *fingerprint);
        let (manifest, bytes) = wanted
            .place
            .store(&file, expected, move |out, stop| {
                let scratch = turn.scratch.clone();
                let order = Order {
                    name,
                    kind,
                    now,
                    database,
                    scratch,
                    seal,
                    keys,
                    fingerprint,
                    proof,
                    gently,
                };
                // The turn is over when the thread is, also when nobody waits for it any more.
                let made = pack::make(&order, out, stop, &told);
                drop(turn);
                made
            })
            .await?;
        Ok(Made { manifest, bytes })
    }

    /// Deletes what the schedule made and has had its time, of this installation only.
    ///
    /// # Errors
    /// 503, when the place cannot be read.
    pub async fn clear(&self, place: &Place, newest: &Manifest, own: &Keys) -> Result<Cleared> {
        let found = place.list(LOOKED_AT).await?;
        Ok(place.clear(keep::had_their_time(found, newest, own, self.0.settings.keep())).await)
    }

    /// The names of those that have had their time by now, as if the newest of the schedule had just
    /// been made.
    ///
    /// # Errors
    /// 503, when the place cannot be read.
    pub async fn over(&self, place: &Place, own: &Keys) -> Result<Vec<String>> {
        let found = place.list(LOOKED_AT).await?;
        let Some(newest) = keep::newest(&found, own) else { return Ok(Vec::new()) };
        Ok(keep::had_their_time(found, &newest, own, self.0.settings.keep()))
    }
}

fn too_slow() -> Error {
    Error::conflict(
        "backup_too_slow",
        "It took longer than it may, and was called off: the disk or the place of the backups is \
         too slow for this database.",
    )
}

fn not_configured() -> Error {
    Error::conflict(
        "backup_not_configured",
        "No place for backups is configured: set backup.to, and how they are encrypted.",
    )
}

/// Somebody else's job.
pub(super) fn of_postgres() -> Error {
    Error::conflict(
        "backup_of_postgres",
        "This store is PostgreSQL, whose backups are made with pg_dump: docs/backup.md has the \
         commands.",
    )
}
