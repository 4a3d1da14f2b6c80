//! The contact form: what anybody writes to a group, and what its owners do with it.
//!
//! A submission is a private thing that belongs to nobody, so owners of the group see it and
//! search, export and history know it. Whoever writes learns nothing: a group that takes no letters
//! and one that does not exist answer alike.

pub mod model;
pub mod routes;
pub mod rules;
mod sql;
