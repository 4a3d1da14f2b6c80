//! The filter language from outside: what it refuses, and one answer from both engines and memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    dead_code,
    unused_macros,
    reason = "tests say what they expect, and nobody imports them"
)]

#[path = "../../../database/tests/it/engines.rs"]
mod engines;

mod agreement;
mod refusals;
mod stage;
