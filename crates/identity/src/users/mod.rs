//! Administration of accounts, for owners of the platform and the command line: list, make,
//! import, verify, reset, ban, act as, delete.
//!
//! An owner comes from a signed-in device, never with an API key, and for what takes something
//! away from a fresh session. Everything done to an account is told twice: in the platform's log,
//! for its owners, and in the log of the account, for whose it is.

mod act_routes;
mod bans;
mod desk;
mod impersonate;
mod import;
mod line;
mod make;
mod model;
mod office;
mod reset;
mod routes;
mod rules;
mod sql;

use utoipa_axum::router::OpenApiRouter;

pub(crate) use bans::is_banned;
pub use desk::{Desk, NewAtDesk};
pub(crate) use impersonate::may_impersonate;
pub use model::{ImportSummary, ImportedLine};
pub(crate) use office::{owner_just_now, tell};
pub(crate) use rules::{end, find_record, may_end};

use crate::IdentityApp;

pub(crate) fn router() -> OpenApiRouter<IdentityApp> {
    routes::router().merge(act_routes::router())
}
