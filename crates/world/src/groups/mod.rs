//! Groups: the tenant tree. Everything else lives in one, and who may do what is decided there.
//!
//! A group has a parent or stands at the top; who owns one reads everything below it. DELETE
//! archives: an archived group is read and not changed, until it is restored — or deleted for good,
//! with all that is in it but its events.

mod archiving;
pub(crate) mod change;
mod check;
mod deletion;
mod kin;
pub mod known;
mod life_routes;
pub mod model;
mod moving;
mod ownership;
pub mod routes;
pub mod rules;
mod slug;
pub(crate) mod sql;
mod table;
mod tree;
mod tree_routes;

pub(crate) use deletion::erased;
pub use deletion::jobs;
