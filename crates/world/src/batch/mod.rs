//! Batch: up to 1 000 changes of any objects in one transaction, all of them or none.
//!
//! An operation says what a single request would: method, path and body. Texts like `$course.id`
//! stand for what an earlier operation, called `course`, has answered. The rules are those of the
//! single requests; nothing is decided here but what is meant.

pub mod model;
pub(crate) mod operation;
mod read;
mod reference;
pub mod routes;
pub mod rules;
