//! Events: what happened, in the order it was committed. Every change writes its own; groups may
//! record further ones of a known type.
//!
//! An event about a private object is seen by whoever could see the object when it happened: what
//! members have seen stays in their log. Nothing changes an event, and nothing deletes one but
//! retention and the erasure of a person.

pub(crate) mod erasing;
pub(crate) mod export;
pub mod model;
mod retention;
pub mod routes;
pub mod rules;
mod sql;
pub mod stats;
pub(crate) mod table;
mod told;

use kernel::App;
use kernel::jobs::Jobs;

pub(crate) use self::told::told_again;
pub use self::told::{Part, Told, is_whole_after, told};

/// Adds the background work of events.
#[must_use]
pub fn jobs(jobs: Jobs, app: &App) -> Jobs {
    retention::jobs(jobs, &app.retention)
}
