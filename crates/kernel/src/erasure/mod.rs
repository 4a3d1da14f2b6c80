//! Erasing a person: what is theirs alone goes for good, and what names them elsewhere, after the
//! account ended; and telling them before what is held about them.
//!
//! Each room registers what it holds about people ([`Rooms`]): what is told of it, and how it is
//! removed. The deletion of an account leaves a row and a job in its own transaction ([`request`]);
//! the job ([`run`]) removes some rows to a transaction until each step finds none, so that one that
//! was killed goes on where it was, and running twice does no harm. What the log loses is told in
//! the log.

mod model;
mod rooms;
mod rules;
mod sql;
mod telling;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use types::{Json, PersonId, Result};

pub use model::{Arg, Contents, Subject};
pub use rooms::{Named, Remove, Removing, Rooms};
pub use rules::{find, not_read_yet, of_rest, request, run, unfinished};
pub use sql::{forget_address, set_groups};
pub use telling::{As, Export, Key, Told};

use crate::jobs::Jobs;
use crate::mail;

/// The job's kind; it is given the person's id.
const JOB: &str = "erase_person";
/// Looks once a day for erasures that are not done: a job that was given up is none that erases.
const AGAIN: &str = "erasure.again";
/// One run goes through all of it; one that is cut off goes on with the next try.
const LIMIT: Duration = Duration::from_secs(6 * 3600);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    person_id: PersonId,
}

impl Payload {
    fn of(person_id: PersonId) -> Result<Json> {
        Ok(Json::of(&Self { person_id })?)
    }
}

/// Adds the job that erases, and the one that asks for it again.
#[must_use]
pub fn jobs(jobs: Jobs, rooms: Rooms) -> Jobs {
    jobs.with(JOB, move |app, job| {
        let rooms = rooms.clone();
        async move {
            let Payload { person_id } = serde_json::from_str(job.payload.as_str())?;
            run(&app, &rooms, person_id, &[]).await.map(drop)
        }
    })
    .within(JOB, LIMIT)
    .with(AGAIN, rules::again)
    .every(AGAIN, "47 4 * * *", AGAIN)
}

/// What the house itself holds about people: letters that wait, answers that are kept, and the jobs
/// and keys of groups that are gone.
#[must_use]
pub fn house(rooms: Rooms) -> Rooms {
    mail::erasing(rooms)
        // Answers that are kept for them.
        .delete("idempotency_keys", "key_hash", "person_id = $1", &[Arg::Person])
        .delete("jobs", "id", "group_id = $1", &[Arg::Group])
        .delete("vault_keys", "tenant_id, version", "tenant_id = $1", &[Arg::Group])
}
