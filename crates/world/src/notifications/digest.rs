//! Letters of what somebody has not read, when they want them. What was in a letter is in no other
//! one: it is marked in the transaction that queues the letter.

use kernel::jobs::{Job, Jobs};
use kernel::mail::Letter;
use kernel::{App, Caller, Keys, Work};
use serde_json::json;
use types::{Json, PersonId, Result};
use uuid::Uuid;
use web::CursorKey;

use super::model::Frequency;
use super::receivers::Receiver;
use super::sql::Stored;
use super::{Settings, shown, sql, work_sql};

/// The job's kind, and its schedule.
const LETTERS: &str = "notifications.letters";
/// People looked up at a time.
const PEOPLE: i64 = 100;
/// Letters of one run: what is left is due at the next tick.
const MOST: usize = 10_000;
/// Notifications a letter names, and those it counts.
const NAMED: usize = 20;
const COUNTED: i64 = 1000;

pub(super) fn jobs(jobs: Jobs, settings: &Settings, url: &str) -> Jobs {
    let url = url.trim_end_matches('/').to_owned();
    jobs.with(LETTERS, move |app, job| letters(app, job, url.clone()))
        .within(LETTERS, std::time::Duration::from_secs(3600))
        .after_each(LETTERS, settings.letters_every(), LETTERS)
}

async fn letters(app: App, job: Job, url: String) -> Result<()> {
    let (mut written, mut seen) = (0, 0);
    while seen < MOST {
        let now = app.now();
        let due = app
            .db
            .unbound()
            .read_long(async move |tx| work_sql::due(tx, now, PEOPLE).await)
            .await?;
        if due.is_empty() {
            break;
        }
        for person in due {
            seen += 1;
            written += u64::from(write(&app, person, url.clone()).await?);
        }
    }
    job.result(Json::of(&json!({ "letters": written }))?);
    Ok(())
}

/// Whether there was something to write.
async fn write(app: &App, person: PersonId, url: String) -> Result<bool> {
    app.change(&Caller::system(LETTERS), async move |work| {
        work.silently();
        let now = work.now;
        let rows = sql::letter(work.tx, person, now, COUNTED).await?;
        work_sql::written(work.tx, person, now).await?;
        let Some(to) = Receiver::find(work.tx, person, now).await? else { return Ok(false) };
        let wants = |row: &Stored| to.choices.channels(row.kind).email;
        let rows: Vec<Stored> = rows.into_iter().filter(wants).collect();
        let off = to.choices.preferences().digest.frequency == Frequency::Off;
        if rows.is_empty() || off {
            return Ok(false);
        }
        post(work, &to, rows, &url).await
    })
    .await
}

/// Titles only: what is said is read where one signs in.
async fn post(work: &mut Work<'_>, to: &Receiver, rows: Vec<Stored>, url: &str) -> Result<bool> {
    let Some(email) = &to.email else { return Ok(false) };
    let count = rows.len();
    let named: Vec<Stored> = rows.into_iter().take(NAMED).collect();
    let titles = shown::shown(work.tx, &to.caller, named).await?;
    let titles: Vec<String> = titles.into_iter().map(|one| one.title).collect();
    let token = token(&work.app().keys, to.person);
    let letter = Letter::new("notification_digest", email)
        .name(&to.name)
        .link(format!("{url}/"), "")
        .unsubscribe(format!("{url}/v1/notifications/unsubscribe?token={token}"))
        .fact("count", count)
        .fact("more", count - titles.len())
        .fact("titles", titles);
    work.post(&letter).await?;
    Ok(true)
}

/// What a list of its own is sealed with.
const SCOPE: &str = "unsubscribe";

/// What says that its holder got a letter of somebody's. It only ends letters, so it lasts as long
/// as letters lie about.
fn token(keys: &Keys, person: PersonId) -> String {
    sealing(keys).seal(SCOPE, person.0.as_bytes())
}

/// Whose letter a token is from.
///
/// # Errors
/// 422 for what is no token of ours.
pub(super) fn holder(keys: &Keys, token: &str) -> Result<PersonId> {
    let refused = || {
        types::Error::invalid("token", "invalid_token", "is not the one of a letter; use its link.")
    };
    let bytes = sealing(keys).open(SCOPE, token).map_err(|_| refused())?;
    Uuid::from_slice(&bytes).map(PersonId).map_err(|_| refused())
}

fn sealing(keys: &Keys) -> CursorKey {
    CursorKey::new(&keys.derive("notification letters v1"))
}
