//! Requests that may be sent again: carried out once, answered again (`Idempotency-Key`,
//! draft-ietf-httpapi-idempotency-key-header).
//!
//! The first [`crate::Work`] of such a request writes the key's row in its own transaction, so the
//! change is there exactly when the row is: no crash comes between. The answer is put beside it
//! right after; should that be lost, a repetition learns that the change was made, and no more.

mod sql;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use database::{Engine, Tx};
use types::{Error, Json, PersonId, Result, Time};
use uuid::Uuid;

use crate::App;
use crate::jobs::{self, Job, Jobs};
use crate::vault::Slot;

/// Bytes of an answer that are kept; a larger one is not, and a repetition then learns only that
/// the change was made.
pub const MAX_ANSWER: usize = 256 << 10;
/// Another node may still be at a request for about this long.
const STILL_RUNNING: Duration = Duration::from_secs(60);
/// The job that removes keys that have expired.
const CLEAN_UP: &str = "idempotency.clean_up";

/// A request under its key: what its caller carries into every change it makes.
#[derive(Debug)]
pub struct Once {
    /// Of caller, method, path and key.
    pub key: [u8; 32],
    /// Of all else that decides what the request does.
    pub request: [u8; 32],
    /// How long a repetition is known.
    pub keep: Duration,
    /// Whose request it is.
    pub person: Option<PersonId>,
    claimed: AtomicBool,
}

/// An answer to be given again.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The HTTP status.
    pub status: u16,
    /// The headers that belong to it, by name.
    pub headers: Json,
    /// The body.
    pub body: Vec<u8>,
}

/// What the store knows of a key.
enum Known {
    /// Nothing: the request is the first.
    Nothing,
    /// It was another request.
    Other,
    /// The change was made at this moment, and there is no answer.
    Made(Time),
    /// It was answered.
    Answered { status: u16, headers: Json, sealed: Vec<u8> },
}

impl Once {
    /// A request under its key.
    #[must_use]
    pub fn new(
        key: [u8; 32],
        request: [u8; 32],
        keep: Duration,
        person: Option<PersonId>,
    ) -> Arc<Self> {
        Arc::new(Self { key, request, keep, person, claimed: AtomicBool::new(false) })
    }

    /// Takes the key in the transaction of a change, unless an earlier change of the same request
    /// did.
    ///
    /// # Errors
    /// 409 `idempotency_in_progress` when somebody else was faster.
    pub(crate) async fn claim(&self, tx: &mut Tx, now: Time) -> Result<()> {
        let claimed = self.claimed.load(Ordering::Acquire);
        if claimed || sql::insert(tx, self, now).await? { Ok(()) } else { Err(in_progress()) }
    }

    /// The change that took the key is durable.
    pub(crate) fn claimed(&self) {
        self.claimed.store(true, Ordering::Release);
    }

    fn slot(&self) -> Slot<'static> {
        let mut row = [0; 16];
        row.copy_from_slice(&self.key[..16]);
        Slot {
            purpose: "idempotency",
            tenant: Uuid::nil(),
            owner: Uuid::nil(),
            object: Uuid::from_bytes(row),
            field: "body",
            version: 0,
        }
    }
}

/// The answer a request was given before; none for the first one with its key.
///
/// # Errors
/// 422 `idempotency_key_reused` when it was another request; 409 `idempotency_in_progress` while
/// another node is at it; 409 `idempotency_answer_lost` when it was carried out and its answer is
/// not known.
pub async fn recall(app: &App, once: &Arc<Once>) -> Result<Option<Kept>> {
    let (vault, asked, now) = (app.vault.clone(), Arc::clone(once), app.now());
    let alone = app.db.engine() == Engine::Sqlite;
    app.db
        .unbound()
        .read(async move |tx| match sql::find(tx, &asked, now).await? {
            Known::Nothing => Ok(None),
            Known::Other => Err(Error::invalid(
                "Idempotency-Key",
                "idempotency_key_reused",
                "was sent with another request before; take a new key for a new request.",
            )),
            Known::Made(at) if !alone && now < at.after(STILL_RUNNING) => Err(in_progress()),
            Known::Made(_) => Err(Error::conflict(
                "idempotency_answer_lost",
                "This request was carried out, and its answer is no longer known: read what it \
                 was about instead of sending it again.",
            )),
            Known::Answered { status, headers, sealed } => {
                let body = vault.open(tx, asked.slot(), &sealed).await?;
                Ok(Some(Kept { status, headers, body: body.reveal().clone() }))
            }
        })
        .await
}

/// Keeps the answer of a request, whether or not it changed anything.
///
/// # Errors
/// As the store.
pub async fn keep(app: &App, once: &Arc<Once>, kept: Kept) -> Result<()> {
    let (vault, once, now) = (app.vault.clone(), Arc::clone(once), app.now());
    app.db
        .unbound()
        .write(async move |tx| {
            // What a request is answered may be a secret (a new API key).
            let sealed = vault.seal(tx, now, once.slot(), &kept.body).await?;
            sql::answer(tx, &once, &kept, &sealed, now).await
        })
        .await
}

/// Adds the background work of keys: those that have expired are removed.
#[must_use]
pub fn jobs(jobs: Jobs) -> Jobs {
    jobs.with(CLEAN_UP, clean_up).within(CLEAN_UP, Duration::from_secs(600)).every(
        CLEAN_UP,
        "*/10 * * * *",
        CLEAN_UP,
    )
}

async fn clean_up(app: App, job: Job) -> Result<()> {
    let keys = jobs::sweep(&app, jobs::SLICE, sql::sweep).await?;
    job.result(Json::of(&serde_json::json!({ "keys": keys }))?);
    Ok(())
}

/// 409: the first one is still running.
#[must_use]
pub fn in_progress() -> Error {
    Error::conflict(
        "idempotency_in_progress",
        "The first request with this key is still running; send it again in a moment.",
    )
    .retry_after(1)
}
