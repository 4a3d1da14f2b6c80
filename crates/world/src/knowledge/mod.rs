//! Knowledge: labels, documents and chunks, alone in a group or made from a thing.
//!
//! A label is shared by its group: making it again answers the one that is there, and one that is
//! in use is deprecated instead of deleted. Everything else made from a thing is as visible as
//! that thing and goes with it. Texts are cut into chunks here (`chunk.rs`); exact tokens and
//! vectors come with retrieval.

mod check;
mod chunk;
pub mod embed;
pub mod model;
pub mod routes;
pub mod rules;
mod sql;
pub(crate) mod table;
