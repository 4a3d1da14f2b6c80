//! Setup: the first platform owner, once, by whoever holds the token that the server printed.
//!
//! The row `setup` of the table `once` decides: of many who try at the same time, whoever inserts
//! it first is the owner. The command line may add further owners at any time.

mod model;
mod routes;
mod rules;
mod sql;

pub(crate) use routes::router;
pub(crate) use rules::platform;
pub use rules::{boot, create_owner, is_open};
pub(crate) use sql::platform as platform_group;
