//! Passwords: Argon2id on a bounded pool.
//!
//! One hash takes memory and a core for some milliseconds, so as many run as there are cores, a
//! bounded number waits, and whoever comes after that is told to come back. The memory budget is
//! therefore known: cores × `argon2_memory_kib`.

mod pool;

pub(crate) use pool::{Passwords, Verdict};
