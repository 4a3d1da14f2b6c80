//! Imports over HTTP: rows of one dimension as NDJSON or CSV, or the export of a group that becomes
//! a copy below another one, of any length.
//!
//! What is to be imported is said first; then the bytes are streamed and taken as they arrive, up
//! to a thousand rows to a transaction, which also keeps how far the import has come. Whatever
//! breaks off goes on there, and no row is taken twice. A wrong row is reported by its line, and
//! the others are taken.

mod bundle;
mod clean_up;
mod columns;
pub mod cut;
pub mod model;
mod receive;
pub mod routes;
pub mod rules;
mod sql;
mod take;

pub(crate) use clean_up::jobs;
