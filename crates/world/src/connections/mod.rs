//! Connections: typed edges between things, people and groups of one group tree.
//!
//! There is one of each (type, from, to): making it again updates it. A type says what may stand
//! at its ends, which metadata it needs and whether its paths may come back to their start. A
//! connection with a private thing at one end is private; it follows when the thing changes.

mod around;
mod changes;
mod cycle;
mod ends;
pub mod model;
pub mod routes;
pub mod rules;
mod sql;
#[cfg(test)]
pub(crate) mod stage;
pub(crate) mod table;
