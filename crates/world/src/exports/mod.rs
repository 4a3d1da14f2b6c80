//! Exports over HTTP: one dimension of a group as NDJSON or CSV, or the whole group as lines that
//! an import takes.
//!
//! An export of rows is a list that goes on: the same rules page by page, so it shows what the
//! list shows, holds one page of bounded size in memory and no snapshot while a reader is slow. The
//! whole group comes from one snapshot, through a file, for its lines refer to each other. Who
//! reads is asked anew as long as it lasts.

pub(crate) mod cells;
pub mod model;
pub(crate) mod places;
pub mod routes;
pub mod rules;
mod spool;
mod whole;
