//! Doors through which one transaction goes at a time, for what cannot be done side by side.
//!
//! SQLite has one writer: there every transaction is alone anyway. On PostgreSQL a serializable
//! transaction sees what was there when it began, so waiting inside of it helps nobody: it would
//! see the row it waited for as it was, and lose. It is therefore ended and run again behind the
//! door: first it waits for its turn, in this process and then among all of them, then it begins.

use types::{Error, Result};

use crate::tx::Inner;
use crate::{Engine, Tx};

/// Slots that writers at the same time spread over, so that none waits for another.
pub(crate) const SLOTS: u8 = 16;

/// How many slots a number is to be spread over.
#[must_use]
pub fn slots(tx: &Tx) -> u8 {
    match tx.engine() {
        Engine::Sqlite => 1,
        Engine::Postgres => SLOTS,
    }
}

/// The slot this transaction writes to: of all that are open in this process, each has another, as
/// long as they are not more than there are slots.
#[must_use]
pub fn seat(tx: &Tx) -> u8 {
    match &tx.inner {
        Inner::Sqlite(_) => 0,
        Inner::Postgres(session) => session.seat(),
    }
}

/// Doors one transaction waits behind at most: three of these, and the one of those that lose.
const DOORS: usize = 4;

/// Goes on while no other transaction is behind the door `key`; what was read before counts. The
/// door closes behind whoever is in until their transaction has ended.
///
/// # Errors
/// One that ends this run of the transaction, which is then run again behind the door.
pub fn pass(tx: &mut Tx, key: i64) -> Result<()> {
    let Inner::Postgres(session) = &mut tx.inner else { return Ok(()) };
    // A key may be made anew in each run, as that of a new group is. Behind this many doors the
    // transaction goes on: that it is serializable keeps it right.
    if session.is_behind(key) || session.doors() >= DOORS {
        return Ok(());
    }
    session.ask_for(key);
    (tx.broken, tx.again) = (true, true);
    Err(Error::overloaded("This change waits for its turn."))
}
