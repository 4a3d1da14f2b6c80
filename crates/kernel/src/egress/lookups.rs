//! The places for looking names up: so many in all, and of one person a share. What names users
//! write is theirs to choose, and so is whether anybody ever answers for them; they may have any
//! number.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use types::PersonId;

/// Names looked up at the same time by a client. Each takes a thread of those that everybody
/// shares, for as long as the machine's resolver tries.
const IN_ALL: usize = 64;
/// Of them, for one person.
const OF_ONE: usize = 4;

tokio::task_local! {
    /// Whose address is called: a resolver is told a name, and nothing else.
    static CALLED_FOR: PersonId;
}

/// Makes a call whose address this person named.
pub(super) async fn on_behalf<F: Future>(of: PersonId, call: F) -> F::Output {
    CALLED_FOR.scope(of, call).await
}

/// Who named the address that is called, if that is known.
pub(super) fn called_for() -> Option<PersonId> {
    CALLED_FOR.try_with(|of| *of).ok()
}

/// The places. Cheap to clone.
#[derive(Clone)]
pub(super) struct Lookups(Arc<Inner>);

struct Inner {
    all: Arc<Semaphore>,
    each: Mutex<HashMap<PersonId, Arc<Semaphore>>>,
}

/// A place, given back when it is dropped.
pub(super) struct Place {
    _all: OwnedSemaphorePermit,
    _own: Option<OwnedSemaphorePermit>,
}

impl Default for Lookups {
    fn default() -> Self {
        Self::new(IN_ALL)
    }
}

impl Lookups {
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(Inner { all: Arc::new(Semaphore::new(most)), each: Mutex::default() }))
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// Never: nobody closes them.
    pub(super) async fn place(&self, of: Option<PersonId>) -> Result<Place, AcquireError> {
        // One's own first: whoever waits for that is in nobody's way.
        let own = match of {
            Some(of) => Some(self.share(of).acquire_owned().await?),
            None => None,
        };
        let all = Arc::clone(&self.0.all).acquire_owned().await?;
        Ok(Place { _all: all, _own: own })
    }

    fn share(&self, of: PersonId) -> Arc<Semaphore> {
        let mut each = self.0.each.lock().unwrap_or_else(PoisonError::into_inner);
        // Of those who neither have a place nor wait for one, nothing is kept.
        each.retain(|_, share| Arc::strong_count(share) > 1);
        Arc::clone(each.entry(of).or_insert_with(|| Arc::new(Semaphore::new(OF_ONE))))
    }
}

#[cfg(test)]
#[path = "lookups_tests.rs"]
mod tests;
