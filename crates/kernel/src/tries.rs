//! Reading once more what the store had no room for: for whoever is in the middle of an answer, and
//! cannot tell its reader any more to come back later.

use std::time::Duration;

use types::{Error, ErrorKind, Result};

/// The pauses before a read is tried again: three seconds in all.
const PAUSES: [Duration; 6] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1600),
];

/// How often one read was tried again.
#[derive(Debug, Default)]
pub struct Tries(usize);

impl Tries {
    /// Waits before the read is tried again, longer each time.
    ///
    /// # Errors
    /// The error that it met, where that is none that passes, or was met too often.
    pub async fn after(&mut self, error: Error) -> Result<()> {
        let Some(pause) = PAUSES.get(self.0).filter(|_| passes(&error)) else { return Err(error) };
        self.0 += 1;
        tokio::time::sleep(*pause).await;
        Ok(())
    }
}

/// Whether there may be room in a moment. What took too long would take too long again.
fn passes(error: &Error) -> bool {
    error.kind() == ErrorKind::Overloaded && error.code() != database::TOO_LONG
}

#[cfg(test)]
#[path = "tries_tests.rs"]
mod tests;
