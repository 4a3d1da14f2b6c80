//! Notifications: what somebody wants to be told of what happens.
//!
//! Each is a private thing in its receiver's own group, made by a follower of the event log
//! (`follow`) by the rules of `matters`, once for each event and only for whom the policy shows it.
//! What belongs together counts as one while it is unread. Beside the thing a row says what it is
//! about; the title is written when it is shown (`titles`), of what its reader may see by then.
//! `choices` says what is told at all, and how; `digest` writes the letters.

mod choices;
mod clean_up;
mod digest;
mod fan_out;
mod follow;
mod matters;
pub mod model;
mod page;
mod receivers;
mod receivers_sql;
pub mod routes;
pub mod rules;
mod send;
mod settings;
mod shown;
mod sql;
mod titles;
mod work_sql;

use kernel::jobs::Jobs;

pub use follow::follow;
pub use settings::Settings;

/// Adds the jobs of notifications; letters lead to `url`, where people reach the house.
#[must_use]
pub fn jobs(jobs: Jobs, settings: &Settings, url: &str) -> Jobs {
    digest::jobs(fan_out::jobs(clean_up::jobs(jobs, settings.clone())), settings, url)
}
