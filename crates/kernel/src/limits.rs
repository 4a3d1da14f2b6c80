//! How often somebody may try something: exact counts per key, in this process, in bounded memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};
use telemetry::Counter;
use tokio::sync::Notify;
use types::{ApiKeyId, Error, ErrorKind, Result, Time};

/// Keys counted at the same time; beyond that whoever was quiet longest is forgotten.
const CAPACITY: u64 = 100_000;
/// No window is longer.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

type Key = [u8; 16];

/// At most `most` in any span of `per`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How many are let through.
    pub most: u32,
    /// In which span of time.
    pub per: Duration,
}

impl Limit {
    /// At most `most` in any span of that many minutes.
    #[must_use]
    pub const fn per_minutes(most: u32, minutes: u32) -> Self {
        Self { most, per: Duration::from_secs(minutes as u64 * 60) }
    }
}

/// Counts tries in sliding windows. A try takes its [`Place`] before its outcome is known, so that
/// of many at once exactly as many are let through as the limit says.
#[derive(Clone)]
pub struct Limits {
    windows: Cache<Key, Arc<Window>>,
    refused: Arc<Counter>,
}

#[derive(Default)]
struct Window {
    state: Mutex<State>,
    /// The outcome of a pending try is known.
    settled: Notify,
}

#[derive(Default)]
struct State {
    /// When the tries that count were made, oldest first.
    moments: VecDeque<i64>,
    /// How many of them may still be given back.
    pending: u32,
}

/// A place taken. Dropped, the try counts; [`Place::give_back`] makes it one that never was.
#[must_use = "a try that is not to count gives its place back"]
pub struct Place {
    window: Arc<Window>,
    moment: i64,
    /// How many more there were when this one was taken.
    left: u32,
    /// When the first one of those that count was made.
    oldest: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            windows: Cache::builder()
                .max_capacity(CAPACITY)
                .eviction_policy(EvictionPolicy::lru())
                .time_to_idle(LONGEST)
                .build(),
            refused: Arc::default(),
        }
    }
}

impl Limits {
    /// Takes a place for whoever `parts` name (an account, an address), under the limit called
    /// `what`.
    ///
    /// # Errors
    /// 429 with the seconds to wait, when all places are taken.
    pub fn take(&self, what: &str, parts: &[&str], limit: Limit, now: Time) -> Result<Place> {
        let window = self.windows.get_with(key(what, parts), Arc::default);
        window.take(limit, now).map_err(|full| self.refuse(full))
    }

    /// The same for what is asked with an API key that has a limit of its own, by whichever way it
    /// comes.
    ///
    /// # Errors
    /// As [`Limits::take`].
    pub fn take_of_key(&self, key: ApiKeyId, limit: Limit, now: Time) -> Result<Place> {
        self.take("api_key", &[&key.to_string()], limit, now)
    }

    /// The same as [`Limits::take`]; but when places are taken by tries whose outcome is not known
    /// yet, waits for it, `patience` at most: many right answers at once are not refused for being
    /// many.
    ///
    /// # Errors
    /// As [`Limits::take`].
    pub async fn take_in_turn(
        &self,
        what: &str,
        parts: &[&str],
        limit: Limit,
        now: impl Fn() -> Time,
        patience: Duration,
    ) -> Result<Place> {
        let window = self.windows.get_with(key(what, parts), Arc::default);
        let turn = async {
            loop {
                let settled = window.settled.notified();
                tokio::pin!(settled);
                // From here on no news is missed.
                settled.as_mut().enable();
                match window.take(limit, now()) {
                    Err(full) if full.pending => settled.await,
                    Err(full) => return Err(self.refuse(full)),
                    Ok(place) => return Ok(place),
                }
            }
        };
        match tokio::time::timeout(patience, turn).await {
            Ok(taken) => taken,
            Err(_) => window.take(limit, now()).map_err(|full| self.refuse(full)),
        }
    }

    fn refuse(&self, full: Full) -> Error {
        self.refused.one();
        full.refusal
    }

    /// How many tries were refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.get()
    }

    /// Forgets every try of a key, e.g. after the right answer.
    pub fn clear(&self, what: &str, parts: &[&str]) {
        let Some(window) = self.windows.get(&key(what, parts)) else { return };
        window.state().moments.clear();
        window.settled.notify_waiters();
    }
}

/// Why there is no place.
struct Full {
    refusal: Error,
    /// One of those who have a place may give it back.
    pending: bool,
}

impl Window {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(self: &Arc<Self>, limit: Limit, now: Time) -> Result<Place, Full> {
        let mut state = self.state();
        let from = now.before(limit.per).micros();
        while state.moments.front().is_some_and(|moment| *moment <= from) {
            state.moments.pop_front();
        }
        if state.moments.len() >= limit.most as usize {
            let oldest = state.moments.front().copied().unwrap_or(from);
            return Err(Full { refusal: too_fast(oldest - from), pending: state.pending > 0 });
        }
        // The clock may step back; the order of the queue must not.
        let moment = state.moments.back().map_or(now.micros(), |last| now.micros().max(*last));
        state.moments.push_back(moment);
        state.pending += 1;
        let left =
            limit.most.saturating_sub(u32::try_from(state.moments.len()).unwrap_or(u32::MAX));
        let oldest = state.moments.front().copied().unwrap_or(moment);
        Ok(Place { window: Arc::clone(self), moment, left, oldest })
    }
}

impl Place {
    /// How many more places there are, and in how many seconds the next one is free again.
    #[must_use]
    pub fn left(&self, limit: Limit) -> (u32, u32) {
        let free_at = Time::from_micros(self.oldest).after(limit.per).micros();
        (self.left, whole_seconds(free_at - self.moment))
    }

    /// The try does not count.
    pub fn give_back(self) {
        let mut state = self.window.state();
        if let Some(at) = state.moments.iter().position(|moment| *moment == self.moment) {
            state.moments.remove(at);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.window.state();
        state.pending = state.pending.saturating_sub(1);
        drop(state);
        self.window.settled.notify_waiters();
    }
}

fn key(what: &str, parts: &[&str]) -> Key {
    let mut digest = Sha256::new();
    for part in std::iter::once(&what).chain(parts) {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part.as_bytes());
    }
    let digest = digest.finalize();
    std::array::from_fn(|index| digest[index])
}

fn too_fast(micros: i64) -> Error {
    Error::new(
        ErrorKind::TooFast,
        "rate_limited",
        "Too many tries in a short time; wait a while, then try again.",
    )
    .retry_after(whole_seconds(micros).max(1))
}

fn whole_seconds(micros: i64) -> u32 {
    u32::try_from((micros.max(0) + 999_999) / 1_000_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
