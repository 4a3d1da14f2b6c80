//! Whoever sent an `Idempotency-Key` and knows no outcome asks once more, and then knows it.

use std::time::Duration;

use anyhow::{Result, bail};

use crate::client::Client;
use crate::deed::Meaning;
use crate::ledger::{Ledger, Outcome};
use crate::load::key;

/// Times one write is sent again while the server is overloaded.
const TRIES: u32 = 300;
const PAUSE: Duration = Duration::from_millis(10);

/// Sends again what may be sent again, to a server that was started since; how many there were.
///
/// # Errors
/// When one of them is refused, or fails for too long.
pub fn settle(client: &mut Client, group: &str, ledger: &Ledger) -> Result<usize> {
    let mut settled = 0;
    for written in ledger.read()? {
        if !written.keyed || written.outcome != Outcome::Unknown {
            continue;
        }
        let key = key(group, written.number);
        let mut tries = 0;
        loop {
            let answer = written.deed.send(client, group, Some(&key))?;
            tries += 1;
            match Meaning::of(&answer) {
                Meaning::Done => {
                    ledger.done(written.number, &written.deed.ids(&answer)?)?;
                    break;
                }
                // The key is taken in the transaction of the change. On PostgreSQL another node may
                // be at its answer still, for all this one knows.
                Meaning::Kept | Meaning::Running => {
                    ledger.kept(written.number)?;
                    break;
                }
                Meaning::Failed | Meaning::Unwritten if tries < TRIES => std::thread::sleep(PAUSE),
                _ => bail!("{written:?} cannot be settled: {answer:?}"),
            }
        }
        settled += 1;
    }
    Ok(settled)
}
