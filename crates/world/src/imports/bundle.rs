//! The lines of a bundle: a group's export, which becomes a copy.

use kernel::Work;
use types::{ErrorKind, Result};

use super::cut::{Batch, Row};
use super::model::Import;
use super::rules;
use super::take::{Outcome, Taken, not_text, too_long};
use crate::transfer::copy::{Copied, Copy, Read};

impl From<Copied> for Outcome {
    fn from(copied: Copied) -> Self {
        match copied {
            Copied::Made => Self::Created,
            Copied::There => Self::Unchanged,
            Copied::Nothing => Self::Nothing,
        }
    }
}

/// Takes the lines of a batch; `apart` gives each a part of its own, which undoes only itself.
///
/// # Errors
/// When something is wrong that is not about a line, or in a part that they share.
pub(super) async fn rows(
    work: &mut Work<'_>,
    import: &Import,
    batch: &Batch,
    apart: bool,
) -> Result<Taken> {
    let mut taken = Taken::default();
    let mut copy = Copy::of(work.app(), import.id, import.group_id);
    for (line, row) in (import.lines + 1..).zip(&batch.rows) {
        let outcome = match read(row) {
            Ok(None) => Ok(Outcome::Nothing),
            Ok(Some(read)) if apart => {
                let made = &mut copy;
                let done = work.nested(async move |work| made.line(work, read).await).await;
                if done.is_err() {
                    copy.forget();
                }
                done.map(Outcome::from)
            }
            Ok(Some(read)) => Ok(copy.line(work, read).await?.into()),
            Err(error) => Err(error),
        };
        match outcome {
            // Lines need those before them: without room the bundle waits, whole.
            Err(error) if error.kind() == ErrorKind::QuotaSpent => return Err(error),
            Err(error) if !rules::is_about_row(&error) => return Err(error),
            outcome => taken.note(line, outcome)?,
        }
    }
    taken.copy = copy.top();
    Ok(taken)
}

/// A line, unless there is nothing on it.
fn read(row: &Row) -> Result<Option<Read>> {
    let Row::Line(line) = row else { return Err(too_long()) };
    let text = std::str::from_utf8(line).map_err(|_| not_text())?.trim();
    if text.is_empty() { Ok(None) } else { Copy::read(text.as_bytes()).map(Some) }
}
