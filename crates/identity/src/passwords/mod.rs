//! Passwords: what may be chosen, and Argon2id on a bounded pool.
//!
//! One hash takes memory and a core for some milliseconds, so as many run as there are cores, a
//! bounded number waits, and whoever comes after that is told to come back. The memory budget is
//! therefore known: cores × `argon2_memory_kib`. Hashes of other makes, as imports bring them, are
//! verified at bounded cost and replaced at the first sign-in.

mod common;
mod hash;
mod model;
mod policy;
mod pool;
mod routes;
mod rules;
mod stored;

pub(crate) use hash::{Passwords, Verdict};
pub(crate) use routes::router;
