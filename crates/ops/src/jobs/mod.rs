//! The queue from outside: what waits, what runs, what failed and why; try it again, end it, hold a
//! kind back.
//!
//! Owners of the platform see and change everything, owners of a group what belongs to it. Payloads
//! hold ids; whatever else stands in one is not shown. Each change is an event.

pub mod model;
pub mod routes;
pub mod rules;
mod shown;
mod sql;
