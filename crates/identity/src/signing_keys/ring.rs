//! The keys of one process, and which of them does what at a moment.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use sha2::{Digest as _, Sha256};
use types::{Error, Result, Time};

use super::model::{SigningKey, SigningKeyState as State};

/// What precedes the seed in a PKCS#8 document of an Ed25519 key (RFC 8410, section 7): version 0,
/// algorithm 1.3.101.112, and the seed as an octet string in an octet string.
const PKCS8_HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// What tokens say they are (RFC 9068): one signed for another purpose is none of them.
pub(crate) const TOKEN_TYPE: &str = "at+jwt";
const NEVER: i64 = i64::MIN;

/// A key pair, and when it does what.
pub(crate) struct Key {
    pub(crate) public: Vec<u8>,
    pub(crate) header: Header,
    pub(crate) encoding: EncodingKey,
    pub(crate) decoding: DecodingKey,
    times: Times,
}

/// From when a key signs, and when somebody ended it.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) created_at: Option<Time>,
    pub(super) signs_from: Option<Time>,
    pub(super) retired_at: Option<Time>,
}

impl Times {
    /// Of the key that was there from the beginning.
    const FIRST: Self = Self { created_at: None, signs_from: None, retired_at: None };

    fn signed(&self) -> bool {
        self.retired_at.is_none_or(|end| self.signs_from.is_none_or(|from| from < end))
    }
}

impl Key {
    /// A key from its seed.
    ///
    /// # Errors
    /// Internal, when it cannot be used.
    pub(super) fn new(seed: &[u8], times: Times) -> Result<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed)
            .map_err(|_| Error::internal("a signing key cannot be used"))?;
        let public = pair.public_key().as_ref().to_vec();
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TOKEN_TYPE.to_owned());
        header.kid = Some(name(&public));
        Ok(Self {
            header,
            encoding: EncodingKey::from_ed_der(&[&PKCS8_HEAD[..], seed].concat()),
            decoding: DecodingKey::from_ed_der(&public),
            public,
            times,
        })
    }

    pub(crate) fn kid(&self) -> &str {
        self.header.kid.as_deref().unwrap_or_default()
    }

    fn at(&self, times: Times) -> Self {
        Self {
            public: self.public.clone(),
            header: self.header.clone(),
            encoding: self.encoding.clone(),
            decoding: self.decoding.clone(),
            times,
        }
    }
}

/// The name of a public key: the start of its SHA-256.
pub(super) fn name(public: &[u8]) -> String {
    Sha256::digest(public).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

type Keys = Arc<Vec<Arc<Key>>>;

/// The keys this process knows.
pub(crate) struct Ring {
    first: Arc<Key>,
    keys: RwLock<Keys>,
    /// When they were last read, in microseconds.
    read_at: AtomicI64,
    /// They were read once: before that nobody knows which of them have ended.
    known: AtomicBool,
    /// How long a token is good for.
    life: Duration,
}

impl Ring {
    /// With the first key only.
    ///
    /// # Errors
    /// Internal, when it cannot be used.
    pub(crate) fn new(first: &[u8; 32], life: Duration) -> Result<Self> {
        let first = Arc::new(Key::new(first, Times::FIRST)?);
        let keys = RwLock::new(Arc::new(vec![Arc::clone(&first)]));
        Ok(Self {
            first,
            keys,
            read_at: AtomicI64::new(NEVER),
            known: AtomicBool::new(false),
            life,
        })
    }

    /// The key that was there from the beginning.
    pub(super) fn first(&self) -> &Key {
        &self.first
    }

    /// Whether the store was read once.
    pub(super) fn is_known(&self) -> bool {
        self.known.load(Ordering::SeqCst)
    }

    /// Whether it is time to read the store again; true for one of many who ask at once.
    pub(super) fn is_due(&self, now: Time, keep: Duration) -> bool {
        let read_at = self.read_at.load(Ordering::Relaxed);
        if read_at != NEVER && now.micros() < Time::from_micros(read_at).after(keep).micros() {
            return false;
        }
        self.read_at
            .compare_exchange(read_at, now.micros(), Ordering::SeqCst, Ordering::Relaxed)
            .is_ok()
    }

    /// Something changed: the next request reads the store.
    pub(super) fn expire(&self) {
        self.read_at.store(NEVER, Ordering::SeqCst);
    }

    /// What the store has beside the first key, and when somebody ended that one.
    pub(crate) fn replace(&self, later: Vec<Key>, first_retired_at: Option<Time>) {
        let times = Times { retired_at: first_retired_at, ..Times::FIRST };
        let mut keys = vec![Arc::new(self.first.at(times))];
        keys.extend(later.into_iter().map(Arc::new));
        keys.sort_by_key(|key| (key.times.signs_from, key.times.created_at));
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        self.known.store(true, Ordering::SeqCst);
    }

    /// The key that signs.
    pub(crate) fn signer(&self, now: Time) -> Arc<Key> {
        let states = self.states(now);
        let found = states.into_iter().rfind(|(_, state, _)| *state == State::Signing);
        found.map_or_else(|| Arc::clone(&self.first), |(key, _, _)| key)
    }

    /// The published key of that name; none before the store was read.
    pub(crate) fn verifier(&self, kid: &str, now: Time) -> Option<Arc<Key>> {
        if !self.is_known() {
            return None;
        }
        self.published(now).into_iter().find(|key| key.kid() == kid)
    }

    /// Every key that tokens may be signed with, or soon will be.
    pub(super) fn published(&self, now: Time) -> Vec<Arc<Key>> {
        let states = self.states(now).into_iter();
        states.filter(|(_, state, _)| *state != State::Over).map(|(key, _, _)| key).collect()
    }

    /// All keys, as they are shown.
    pub(super) fn view(&self, now: Time) -> Vec<SigningKey> {
        let states = self.states(now).into_iter();
        states
            .map(|(key, state, ends_at)| SigningKey {
                kid: key.kid().to_owned(),
                state,
                created_at: key.times.created_at,
                signs_from: key.times.signs_from,
                ends_at,
            })
            .collect()
    }

    /// What each key does, and when it is over.
    fn states(&self, now: Time) -> Vec<(Arc<Key>, State, Option<Time>)> {
        let keys = Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner));
        let mut states = Vec::with_capacity(keys.len());
        // From the newest back: the first that may sign does, and ends the ones before it.
        let mut successor: Option<Time> = None;
        let mut signs = false;
        for key in keys.iter().rev() {
            let times = key.times;
            let begun = times.signs_from.is_none_or(|from| from <= now);
            let retired = times.retired_at.is_some_and(|end| end <= now);
            let ends_at = times.retired_at.or(successor.map(|from| from.after(self.life)));
            let state = if retired {
                State::Over
            } else if !begun {
                State::Waiting
            } else if !signs {
                signs = true;
                State::Signing
            } else if ends_at.is_some_and(|end| end <= now) {
                State::Over
            } else {
                State::Verifying
            };
            if times.signed() {
                successor = times.signs_from;
            }
            states.push((Arc::clone(key), state, ends_at));
        }
        states.reverse();
        states
    }
}

#[cfg(test)]
#[path = "ring_tests.rs"]
mod tests;
