//! The room behind its door: routes, middleware and store together, on each engine.

#![expect(
    clippy::unwrap_used,
    reason = "a failed unwrap in a test is the report, also in its helpers"
)]

mod accounts;
mod api_keys;
mod credentials;
mod pair;
mod setup;
mod stage;
