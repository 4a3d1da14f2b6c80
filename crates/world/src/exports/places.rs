//! How many exports of whole groups there are at once: each holds a snapshot while it is written,
//! and a file on the disk until it is read, however slowly.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use types::{Error, ErrorKind, PersonId, Result, Shortage};

/// Written at once: half of the threads that SQLite has for long looks, as shipped; search and
/// followers need some.
const WRITTEN: usize = 2;
/// Files that are read.
const READ: usize = 16;
/// Seconds after which to come back; an export is seldom over in one.
const LATER: u32 = 10;

/// The places for exports of this process. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub(crate) struct Places(Arc<Mutex<Taken>>);

#[derive(Default)]
struct Taken {
    people: HashSet<Option<PersonId>>,
    written: usize,
}

/// Somebody's, until their export is read; free again when dropped.
pub(super) struct Place {
    places: Places,
    person: Option<PersonId>,
}

/// One of those that are written; free again when dropped.
pub(super) struct Writing(Places);

impl Places {
    /// Takes a place for somebody, of whose there is one, and one to write.
    ///
    /// # Errors
    /// 429 when they have one already; 503 when all are taken.
    pub(super) fn take(&self, person: Option<PersonId>) -> Result<(Place, Writing)> {
        let mut taken = self.lock();
        if taken.people.contains(&person) {
            let error = Error::new(
                ErrorKind::TooFast,
                "export_in_progress",
                "You are exporting a group already; read that export to its end first.",
            );
            return Err(error.retry_after(LATER));
        }
        if taken.written >= WRITTEN || taken.people.len() >= READ {
            let error = Error::overloaded("Too many groups are being exported; try again later.");
            return Err(error.short_of(Shortage::Exports).retry_after(LATER));
        }
        taken.people.insert(person);
        taken.written += 1;
        Ok((Place { places: self.clone(), person }, Writing(self.clone())))
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().people.remove(&self.person);
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.lock().written -= 1;
    }
}

#[cfg(test)]
#[path = "places_tests.rs"]
mod tests;
