//! The log, sealed: every event is a leaf of a Merkle tree (RFC 6962), whose root is signed as it
//! grows, so that whoever changes, removes or slips in an event afterwards is found out.
//!
//! `seal` follows the log and lets the tree grow; [`kernel::sealed`] says what of an event is hashed,
//! hashes, and signs. `check` holds leaves, checkpoints and what tells of
//! deletions against each other, for who verifies a database (`verify`) or an exported file (`file`).
//! Hashes outlive their events, so retention leaves the tree whole.

mod check;
mod file;
mod findings;
mod gone;
pub mod model;
mod notes;
pub mod routes;
pub mod rules;
mod seal;
mod sql;
mod verify;

pub use file::{Exported, export, verify_file};
pub use findings::{Finding, Report};
pub use seal::{finish, follow, root_key_rotated};
pub use verify::{Wanted, verify};
