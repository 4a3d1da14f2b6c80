//! Who the credentials of recent requests belong to, so that a request needs no query to know its
//! caller. Whatever changes what somebody may do forgets them here, after its commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use database::{Db, Engine};
use moka::sync::Cache;
use types::{ApiKeyId, PersonId, SessionId, Time};
use uuid::Uuid;

use crate::Identity;

/// Credentials remembered at most.
const CAPACITY: u64 = 50_000;
/// Slots of [`Marks`]: names that share one only cost each other a look into the store.
const SLOTS: usize = 4096;

/// A bounded, in-process memory from the SHA-256 of a credential to its [`Identity`].
///
/// Nothing is searched when somebody is forgotten: each forgetting takes a number from one
/// counter and leaves it in the slot of the person, session or key. What was read from the store
/// before that number was taken no longer counts.
#[derive(Clone)]
pub struct Identities {
    known: Cache<[u8; 32], Arc<Known>>,
    marks: Arc<Marks>,
    keep: Duration,
}

struct Known {
    identity: Arc<Identity>,
    until: Time,
    as_of: AsOf,
}

struct Marks {
    counter: AtomicU64,
    everybody: AtomicU64,
    slots: Box<[AtomicU64]>,
}

/// The moment before a look into the store: taken by [`Identities::as_of`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AsOf(u64);

impl Identities {
    /// A memory that trusts what it read for `keep`: how late another process's change may be
    /// noticed here.
    #[must_use]
    pub fn new(keep: Duration) -> Self {
        Self {
            known: Cache::builder().max_capacity(CAPACITY).time_to_live(keep).build(),
            marks: Arc::new(Marks {
                counter: AtomicU64::new(0),
                everybody: AtomicU64::new(0),
                slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            }),
            keep,
        }
    }

    /// A memory that fits a store: nobody else changes an embedded one, while other nodes on the
    /// same server must be noticed within a second.
    #[must_use]
    pub fn beside(db: &Db) -> Self {
        Self::new(Duration::from_secs(match db.engine() {
            Engine::Sqlite => 60,
            Engine::Postgres => 1,
        }))
    }

    /// Take this before reading an identity from the store; [`Identities::insert`] wants it.
    #[must_use]
    pub fn as_of(&self) -> AsOf {
        AsOf(self.marks.counter.load(Ordering::SeqCst))
    }

    /// Whose credential this is, if it was seen lately and nothing about it changed.
    #[must_use]
    pub fn get(&self, credential: &[u8; 32], now: Time) -> Option<Arc<Identity>> {
        let known = self.known.get(credential)?;
        let fresh = now < known.until && self.marks.is_fresh(&known);
        fresh.then(|| Arc::clone(&known.identity))
    }

    /// Remembers whose credential this is, at most until `until`.
    pub fn insert(
        &self,
        credential: [u8; 32],
        identity: Arc<Identity>,
        now: Time,
        until: Time,
        as_of: AsOf,
    ) {
        let until = until.min(now.after(self.keep));
        self.known.insert(credential, Arc::new(Known { identity, until, as_of }));
    }

    /// Their memberships or rights changed: every credential of theirs is looked up again.
    pub fn forget_person(&self, person: PersonId) {
        self.marks.forget(person.0);
    }

    /// This session ended or changed.
    pub fn forget_session(&self, session: SessionId) {
        self.marks.forget(session.0);
    }

    /// This API key was revoked or changed.
    pub fn forget_key(&self, key: ApiKeyId) {
        self.marks.forget(key.0);
    }

    /// Everybody: after a change to many at once.
    pub fn clear(&self) {
        let number = self.marks.next();
        self.marks.everybody.fetch_max(number, Ordering::SeqCst);
    }
}

impl Marks {
    fn next(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn slot(&self, id: Uuid) -> Option<&AtomicU64> {
        // The tail of our ids is random; imported ones may differ in the middle only, so both
        // halves count.
        let (high, low) = id.as_u64_pair();
        let mixed = (high ^ low).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52;
        self.slots.get(usize::try_from(mixed).unwrap_or(0) % SLOTS)
    }

    fn forget(&self, id: Uuid) {
        let number = self.next();
        match self.slot(id) {
            Some(slot) => slot.fetch_max(number, Ordering::SeqCst),
            None => self.everybody.fetch_max(number, Ordering::SeqCst),
        };
    }

    fn is_fresh(&self, known: &Known) -> bool {
        let since = |mark: u64| mark <= known.as_of.0;
        let identity = &known.identity;
        let ids = [
            identity.person.map(|id| id.0),
            identity.session.map(|id| id.0),
            identity.key.as_ref().map(|key| key.id.0),
        ];
        since(self.everybody.load(Ordering::SeqCst))
            && ids
                .into_iter()
                .flatten()
                .all(|id| self.slot(id).is_some_and(|slot| since(slot.load(Ordering::SeqCst))))
    }
}

#[cfg(test)]
#[path = "identities_tests.rs"]
mod tests;
