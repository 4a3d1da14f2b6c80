//! Claiming rows of a queue so that two workers never take the same one.
//!
//! SQLite has one writer, so a plain subquery is safe; PostgreSQL skips what others hold.

use crate::{Engine, Tx};

/// The clause that ends the subquery which picks rows to claim.
#[must_use]
pub fn skip_locked(tx: &Tx) -> &'static str {
    match tx.engine() {
        Engine::Sqlite => "",
        Engine::Postgres => " for update skip locked",
    }
}

/// The clause that ends a query of rows which nobody else may hold until the end of the transaction;
/// it waits for who does.
#[must_use]
pub fn held(tx: &Tx) -> &'static str {
    match tx.engine() {
        Engine::Sqlite => "",
        Engine::Postgres => " for update",
    }
}
