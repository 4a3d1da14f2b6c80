//! Randomness and ids, handed to whoever needs them.

use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use types::Time;
use uuid::Uuid;

/// Where random bytes come from.
#[derive(Clone, Default)]
pub enum Random {
    /// A generator per thread, seeded by the operating system (ChaCha12, cryptographically safe).
    #[default]
    System,
    /// The same bytes in every run, for tests.
    Seeded(Arc<Mutex<StdRng>>),
}

impl Random {
    /// A generator that gives the same bytes in every run.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// Fills `bytes`.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the generator")]
    pub fn fill(&self, bytes: &mut [u8]) {
        match self {
            Self::System => rand::rng().fill_bytes(bytes),
            Self::Seeded(rng) => {
                rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
            }
        }
    }

    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A `UUIDv7` (RFC 9562): milliseconds, the microseconds within them where the RFC allows
    /// extra clock bits, and 62 random bits. Ids of one process therefore sort by their moment.
    #[must_use]
    pub fn id(&self, now: Time) -> Uuid {
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        let micros = u64::try_from(now.micros().rem_euclid(1000)).unwrap_or(0);
        // 1000 microseconds spread over 12 bits (RFC 9562, section 6.2, method 3).
        let fraction = u128::from(micros * 4096 / 1000);
        let tail = u128::from(u64::from_le_bytes(self.bytes()) >> 2);
        Uuid::from_u128(
            (u128::from(millis) << 80) | (7 << 76) | (fraction << 64) | (0b10 << 62) | tail,
        )
    }
}
