//! The store from outside: every body runs on both engines.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests say what they expect, and nobody imports them"
)]

mod engines;
mod forsaken;
mod guards;
mod later;
mod log;
mod packed;
mod search;
mod transactions;
mod wall;
