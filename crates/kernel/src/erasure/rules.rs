//! When somebody is erased, and in which order.

use std::sync::Arc;
use std::time::Duration;

use database::Tx;
use database::seams::tail;
use serde_json::json;
use types::{Error, ErrorKind, Json, PersonId, Result, Time};
use uuid::Uuid;

use super::model::Subject;
use super::rooms::{Rooms, Step};
use super::{AGAIN, JOB, Payload, sql};
use crate::events::NewEvent;
use crate::jobs::{Job, NewJob};
use crate::{App, Caller, Work};

/// Rows removed in one transaction, about: others wait for it.
const BATCH: i64 = 500;
/// While somebody else has to be waited for: from one look to the next, and how many.
const PAUSE: Duration = Duration::from_millis(100);
const LOOKS: u32 = 600;

/// After a job of an erasure is due, until it was surely given up.
const A_DAY: Duration = Duration::from_secs(24 * 3600);
/// Asked for in one transaction.
const AT_ONCE: i64 = 1000;

const NOT_READ: &str = "not_read_yet";

/// What a step fails with that has found events which are not sealed yet: it is tried again in a
/// moment.
#[must_use]
pub fn not_read_yet() -> Error {
    Error::new(
        ErrorKind::Overloaded,
        NOT_READ,
        "What follows the event log has not read all of it yet; try again in a moment.",
    )
}

/// Leaves, in the transaction that decided it, what erases somebody from `due` on. Asked again, it
/// is what was asked last that counts.
///
/// # Errors
/// As the store.
pub async fn request(work: &mut Work<'_>, subject: &Subject, due: Time) -> Result<()> {
    let now = work.now;
    sql::put(work.tx, subject, due, now).await?;
    work.enqueue(NewJob::new(JOB, Payload::of(subject.person)?).at(due)).await
}

/// Asks once more for what was due a day ago and is not done: within that time a job that fails was
/// given up, and nobody else would erase them. The others are of no harm: who is erased twice is erased
/// once.
pub(super) async fn again(app: App, job: Job) -> Result<()> {
    let before = app.now().before(A_DAY);
    let asked = app
        .change(&Caller::system(AGAIN), async move |work| {
            work.silently();
            let overdue = sql::overdue(work.tx, before, AT_ONCE).await?;
            for person in &overdue {
                let new = NewJob::new(JOB, Payload::of(*person)?).unique(format!("again {person}"));
                work.enqueue(new).await?;
            }
            Ok(overdue.len())
        })
        .await?;
    if asked > 0 {
        tracing::warn!(asked, "people who should have been erased are tried again");
    }
    job.result(Json::of(&json!({ "people": asked }))?);
    Ok(())
}

/// Somebody whose account has ended, and who is still to be erased.
///
/// # Errors
/// As the store.
pub async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<Subject>> {
    sql::by_id(tx, id).await
}

/// The same by the address the account had.
///
/// # Errors
/// As the store.
pub async fn unfinished(tx: &mut Tx, email: &str) -> Result<Option<Subject>> {
    sql::by_email(tx, email).await
}

/// What is left of somebody whose account ended with an earlier version.
///
/// # Errors
/// As the store.
pub async fn of_rest(tx: &mut Tx, person: PersonId) -> Result<Option<Subject>> {
    let home = sql::rest(tx, person).await?;
    Ok(home.map(|home| Subject {
        person,
        user: None,
        email: None,
        email_proven: false,
        groups: vec![home],
        contents: super::Contents::Keep,
        requested_by: None,
    }))
}

/// Erases somebody who is to be erased; false when there is nothing left to do. `followers` of the
/// log are waited for; none: all there are.
///
/// # Errors
/// 503 when the followers do not come after; as the store.
pub async fn run(app: &App, rooms: &Rooms, person: PersonId, followers: &[&str]) -> Result<bool> {
    let Some(subject) = present(app, person).await? else { return Ok(false) };
    let subject = Arc::new(subject);
    for step in &rooms.registered().first {
        all_of(app, step, &subject).await?;
    }
    // What is out of sight does not change any more. Whatever follows the log has looked at it for
    // the last time when it has read this far, and puts nothing back.
    read_by(app, followers).await?;
    // The groups are known now.
    let Some(subject) = present(app, person).await? else { return Ok(false) };
    let subject = Arc::new(subject);
    for step in &rooms.registered().steps {
        all_of(app, step, &subject).await?;
    }
    for files in rooms.registered().files.clone() {
        let (app, subject) = (app.clone(), Arc::clone(&subject));
        // What a task that broke says of itself may quote what it worked on.
        let done = tokio::task::spawn_blocking(move || files(&app, &subject)).await;
        done.map_err(|_| Error::internal("a task broke off"))??;
    }
    finish(app, subject).await
}

async fn present(app: &App, person: PersonId) -> Result<Option<Subject>> {
    app.db.unbound().read(async move |tx| sql::find(tx, person).await).await
}

/// One step until nothing is left.
async fn all_of(app: &App, step: &Step, subject: &Arc<Subject>) -> Result<()> {
    let mut looks = LOOKS;
    loop {
        match some_of(app, step, subject).await {
            Ok(0) => return Ok(()),
            Ok(_) => looks = LOOKS,
            Err(error) if error.code() == NOT_READ && looks > 0 => {
                looks -= 1;
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn some_of(app: &App, step: &Step, subject: &Arc<Subject>) -> Result<i64> {
    let mut named = Vec::new();
    if let Step::Rows(query, _) = step {
        let (query, subject) = (query.clone(), Arc::clone(subject));
        let find = async move |tx: &mut Tx| query.find(tx, &subject, BATCH).await;
        named = app.db.unbound().read_long(find).await?;
        if named.is_empty() {
            return Ok(0);
        }
    }
    let (step, subject) = (step.clone(), Arc::clone(subject));
    app.change(&Caller::system(JOB), async move |work| {
        work.silently();
        let removed = match &step {
            Step::Sql(statement) => statement.remove(work.tx, &subject, BATCH).await?,
            Step::Code(remove) => remove(work, &subject, BATCH).await?,
            Step::Rows(_, remove) => remove(work, &subject, &named).await?,
        };
        if removed > 0 {
            sql::count(work.tx, subject.person, removed).await?;
        }
        Ok(removed)
    })
    .await
}

/// Waits until the followers of the log have read what is in it now.
async fn read_by(app: &App, followers: &[&str]) -> Result<()> {
    let Some(end) = app.db.unbound().read(async |tx| tail::last(tx).await).await? else {
        return Ok(());
    };
    for _ in 0..LOOKS {
        let readers = app.db.unbound().read(async |tx| tail::readers(tx).await).await?;
        let behind = if followers.is_empty() {
            readers.iter().any(|reader| reader.at < end)
        } else {
            let has_read = |name: &&str| {
                readers.iter().any(|reader| reader.name == **name && reader.at >= end)
            };
            !followers.iter().all(has_read)
        };
        if !behind {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(not_read_yet())
}

/// The last transaction: nothing is left but an id, and the log of the platform tells so.
async fn finish(app: &App, subject: Arc<Subject>) -> Result<bool> {
    app.change(&Caller::system(JOB), async move |work| {
        work.silently();
        let (person, now) = (subject.person, work.now);
        let Some(removed) = sql::finish(work.tx, person, now).await? else { return Ok(false) };
        if let Some(platform) = sql::platform(work.tx).await? {
            let metadata = Json::of(&json!({
                "userId": subject.user, "requestedBy": subject.requested_by,
                "contents": subject.contents, "groups": subject.groups.len(), "rows": removed,
            }))?;
            let event = NewEvent::new(platform, "person_erased", Some(person.into()), &metadata);
            work.record(event.about("private", None)).await?;
        }
        Ok(true)
    })
    .await
}
