//! The store from outside: every body runs on both engines.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests say what they expect"
)]

mod engines;
mod guards;
mod log;
mod search;
mod transactions;
