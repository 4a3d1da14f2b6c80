//! Backups in the background: by the clock, or because an owner of the platform asked. There is one
//! at a time in the whole cluster. A failing one is told: by an event, a warning in the log, and to
//! whoever asks how the last one went.

use std::time::Duration;

use kernel::jobs::{Job, Jobs, backoff, hopeless};
use kernel::{App, Caller, Work};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use types::{Error, ErrorKind, Json, Result};

use super::made::{BUSY, Backups, Made};
use super::manifest::{Kind, Manifest};
use super::place::{Cleared, Place};
use crate::jobs::rules::tell;

/// The kind of the job, and the name of its schedule.
pub(super) const KIND: &str = "ops.backup";
/// Of those that somebody asked for, one is queued or running at a time.
pub(super) const ONE: &str = "ops.backup by hand";
/// A backup may take as long as a job can.
const LIMIT: Duration = Duration::from_secs(6 * 3600);
/// Less than that, so that what came of it can still be told.
const PATIENCE: Duration = Duration::from_secs(6 * 3600 - 300);
/// The pause after each try that failed, as long as another one may help: longer in all than a place
/// is usually gone. The next tick brings another backup.
const PAUSES: [Duration; 3] =
    [Duration::from_secs(60), Duration::from_secs(5 * 60), Duration::from_secs(15 * 60)];

/// What a job is told of the runs before it: waiting for a turn and dying with the server are runs,
/// too, and no failures.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Tries {
    /// How many failed.
    failed: usize,
    /// The run that wrote this.
    attempt: i64,
}

impl Tries {
    fn of(job: &Job) -> Self {
        let known: Self = serde_json::from_str(job.payload.as_str()).unwrap_or_default();
        // Somebody had it tried again: its runs are counted anew, and so are its failures.
        if job.attempt > known.attempt { known } else { Self::default() }
    }
}

/// Registers the job, and its schedule where there is one.
#[must_use]
pub fn jobs(jobs: Jobs, backups: &Backups) -> Jobs {
    let every = backups.settings().every.clone();
    let own = backups.clone();
    let jobs = jobs.with(KIND, move |app, job| run(own.clone(), app, job)).within(KIND, LIMIT);
    if every.is_empty() || !backups.has_file() { jobs } else { jobs.every(KIND, every, KIND) }
}

async fn run(backups: Backups, app: App, job: Job) -> Result<()> {
    let kind = if job.tick.is_some() { Kind::Scheduled } else { Kind::Manual };
    let said = job.clone();
    let done = async {
        let mut wanted = backups.wanted(kind)?;
        wanted.within = Some(PATIENCE);
        wanted.proof = (kind == Kind::Scheduled).then(|| app.keys.clone());
        let place = wanted.place.clone();
        let told = move |at: u8, words: &str| said.progress(at, words);
        let made = backups.make(&app.clock, &app.random, wanted, told).await?;
        Ok::<_, Error>((place, made))
    };
    match done.await {
        Ok((place, made)) => finish(&backups, &app, &job, &place, &made).await,
        Err(error) => fail(&app, &job, error).await,
    }
}

async fn finish(backups: &Backups, app: &App, job: &Job, place: &Place, made: &Made) -> Result<()> {
    let (manifest, bytes) = (&made.manifest, made.bytes);
    tracing::info!(name = manifest.name, bytes, "a backup was made");
    let told = json!({
        "name": manifest.name, "kind": manifest.kind, "place": place.kind(), "bytes": bytes,
        "databaseBytes": manifest.database_bytes, "eventSeq": manifest.event_seq,
        "encryption": manifest.encryption,
    });
    tell_of(app, "backup_created", told).await;
    let mut deleted = 0;
    if manifest.kind == Kind::Scheduled {
        deleted = make_room(backups, app, place, manifest).await;
    }
    let result = json!({
        "bytes": bytes, "databaseBytes": manifest.database_bytes,
        "eventSeq": manifest.event_seq, "deleted": deleted,
    });
    job.result(Json::of(&result)?);
    Ok(())
}

/// Deletes those that have had their time; how many. The backup is there: what could not be deleted is
/// by the next one.
async fn make_room(backups: &Backups, app: &App, place: &Place, made: &Manifest) -> usize {
    let Cleared { gone, failed } = match backups.clear(place, made, &app.keys).await {
        Ok(cleared) => cleared,
        Err(error) => Cleared { failed: Some(error), ..Cleared::default() },
    };
    if let Some(error) = failed {
        let gone = gone.len();
        tracing::warn!(gone, cause = error.cause(), "old backups were not deleted: {error}");
    }
    let deleted = gone.len();
    if deleted > 0 {
        tell_of(app, "backups_deleted", json!({ "names": gone })).await;
    }
    deleted
}

async fn fail(app: &App, job: &Job, error: Error) -> Result<()> {
    // What it says goes to people; why, to the log.
    let plain = Error::new(error.kind(), error.code().to_owned(), error.message().to_owned());
    let before = Tries::of(job).failed;
    if error.code() == BUSY && !job.is_last() {
        // Nothing has failed: its turn comes. After some runs like this one nobody could tell any
        // more from their number that failures are from before somebody had it tried again.
        let [dice] = app.random.bytes();
        let tries = Tries { failed: before, attempt: job.attempt };
        job.again(backoff(job.attempt, dice), Json::of(&tries)?);
        return Err(plain);
    }
    // Only what may be otherwise in a moment is worth another try.
    let mendable = matches!(error.kind(), ErrorKind::Overloaded | ErrorKind::StorageFull);
    let pause = PAUSES.get(before).copied().filter(|_| mendable && !job.is_last());
    let (failed, last) = (before + 1, pause.is_none());
    if let Some(pause) = pause {
        job.again(pause, Json::of(&Tries { failed, attempt: job.attempt })?);
    }
    let again_in_s = pause.as_ref().map(Duration::as_secs);
    let cause = error.cause();
    tracing::warn!(code = error.code(), last, again_in_s, cause, "a backup failed: {error}");
    let told = json!({ "code": error.code(), "attempt": failed, "last": last });
    record(app, "backup_failed", told).await?;
    if last { Err(hopeless(plain.to_string())) } else { Err(plain) }
}

/// What is done stays done, and is not done again because nobody could write it down.
async fn tell_of(app: &App, kind: &'static str, metadata: Value) {
    if let Err(error) = record(app, kind, metadata).await {
        tracing::warn!(cause = error.cause(), "the event {kind} was not recorded: {error}");
    }
}

/// In the platform's log, for its owners.
async fn record(app: &App, kind: &'static str, metadata: Value) -> Result<()> {
    let caller = Caller::system("backup");
    app.change_unbound(&caller, async move |work: &mut Work<'_>| {
        tell(work, None, kind, None, metadata.clone()).await
    })
    .await
}
