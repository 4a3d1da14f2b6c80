//! API keys: a program speaks for the person who made its key, in one group, with at most the
//! rights the key was given and at most those the person has when it is used.
//!
//! A key is `gsk_`, 43 letters (256 bits) and 6 letters of checksum, shown once and stored as its
//! SHA-256. The checksum lets us — and scanners for leaked secrets — tell keys from noise.

mod model;
mod routes;
mod rules;
pub(crate) mod sql;
mod text;

pub(crate) use routes::router;
pub(crate) use text::{PREFIX, is_well_formed};
