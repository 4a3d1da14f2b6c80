//! The input of a dry run, which is one transaction. PostgreSQL runs it again when it and another
//! one wait for each other, and then it begins with the first line again.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use types::{Error, Result};

/// Chunks that are kept in case it begins again; all of a long input would be as large as that.
pub(super) const KEPT: usize = 4;

/// What is read while it is tried.
pub(super) struct Rehearsed<T> {
    chunks: Receiver<T>,
    read: usize,
    /// The first ones, as long as they are all.
    kept: Vec<Arc<T>>,
}

impl<T> Rehearsed<T> {
    pub(super) fn new(chunks: Receiver<T>) -> Self {
        Self { chunks, read: 0, kept: Vec::new() }
    }

    /// A chunk by its number, counted from 0; none behind the last one.
    ///
    /// # Errors
    /// 409 `rehearsal_disturbed` for one that was read and is kept no longer.
    pub(super) fn at(&mut self, number: usize) -> Result<Option<Arc<T>>> {
        if let Some(chunk) = self.kept.get(number) {
            return Ok(Some(Arc::clone(chunk)));
        }
        if number < self.read {
            let message = "Somebody else changed what this dry run looked at, and its first lines \
                           are gone by now. Nothing was kept: run it again.";
            return Err(Error::conflict("rehearsal_disturbed", message));
        }
        let Ok(chunk) = self.chunks.recv() else { return Ok(None) };
        let chunk = Arc::new(chunk);
        self.read += 1;
        if self.read > KEPT {
            self.kept = Vec::new();
        } else {
            self.kept.push(Arc::clone(&chunk));
        }
        Ok(Some(chunk))
    }
}

#[cfg(test)]
#[path = "rehearsed_tests.rs"]
mod tests;
