//! Groups: the tenant tree. Everything else lives in one, and who may do what is decided there.
//!
//! A group has a parent or stands at the top; who owns one reads everything below it. DELETE
//! archives: an archived group is read and not changed, until a PATCH makes it active again.

pub(crate) mod change;
mod check;
pub mod model;
pub mod routes;
pub mod rules;
pub(crate) mod sql;
mod tree;
