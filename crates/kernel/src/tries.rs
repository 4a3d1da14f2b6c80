//! Reading once more what the store had no room for: for whoever is in the middle of an answer, and
//! cannot tell its reader any more to come back later.

use std::time::Duration;

use tokio::time::Instant;
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

/// A try may itself wait for room, for seconds: of such there is one more, and others only until
/// this long after the first one began.
const LONGEST: Duration = Duration::from_secs(3);

/// How often one read was tried again, and since when it is tried.
#[derive(Debug)]
pub struct Tries {
    again: usize,
    began: Instant,
}

impl Default for Tries {
    fn default() -> Self {
        Self { again: 0, began: Instant::now() }
    }
}

impl Tries {
    /// Waits before the read is tried again, longer each time.
    ///
    /// # Errors
    /// The error that it met, where that is none that passes, or was met too often or for too long.
    pub async fn after(&mut self, error: Error) -> Result<()> {
        let more = passes(&error) && (self.again == 0 || self.began.elapsed() < LONGEST);
        let Some(pause) = PAUSES.get(self.again).filter(|_| more) else { return Err(error) };
        self.again += 1;
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
