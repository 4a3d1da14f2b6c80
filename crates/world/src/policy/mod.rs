//! Why somebody may do something, or may not: the policy of [`kernel::access`], asked aloud.

pub mod model;
pub mod routes;
pub mod rules;
mod sql;
