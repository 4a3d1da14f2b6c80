//! How many requests a minute a key, a person and a group may send, and what each answer says of
//! it (draft-ietf-httpapi-ratelimit-headers, and the older `RateLimit-Limit` and its kin).
//!
//! Each has a bucket that drains evenly (GCRA): one number says all about it, so that a request
//! costs a look into a map and an atomic step.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use serde::Deserialize;
use telemetry::Counter;
use types::{Error, ErrorKind, Result, Time};
use uuid::Uuid;

use crate::Identity;

/// Buckets of each kind at the same time; beyond that whoever was quiet longest is forgotten.
const CAPACITY: u64 = 100_000;
const MINUTE: Duration = Duration::from_secs(60);

/// Requests a minute; 0 is as many as there come.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateSettings {
    /// By one API key that has no limit of its own.
    pub key_per_minute: u32,
    /// By one person, with all their sessions.
    pub person_per_minute: u32,
    /// By all API keys of one group.
    pub group_per_minute: u32,
    /// Asked by one person, or with one API key, over all their live connections.
    pub live_per_minute: u32,
}

impl Default for RateSettings {
    fn default() -> Self {
        Self {
            key_per_minute: 1000,
            person_per_minute: 0,
            group_per_minute: 0,
            live_per_minute: 6000,
        }
    }
}

/// The buckets of this process; others of the same store have their own.
#[derive(Clone)]
pub struct Rates {
    key: Buckets,
    person: Buckets,
    group: Buckets,
    live: Buckets,
}

/// What is left of one rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Whose it is: `key`, `person` or `group`.
    pub name: &'static str,
    /// Requests in one window.
    pub most: u32,
    /// Its length in seconds.
    pub window_s: u32,
    /// Requests that would be let through now.
    pub left: u32,
    /// Seconds until all of them are there again.
    pub reset_s: u32,
}

/// What a request did to the rates it counts for.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Each of them.
    pub rates: [Option<Rate>; 3],
    /// 429 with the seconds to wait.
    pub refused: Option<Error>,
}

impl Default for Rates {
    fn default() -> Self {
        Self::new(&RateSettings::default())
    }
}

impl Rates {
    /// Empty buckets of these sizes.
    #[must_use]
    pub fn new(settings: &RateSettings) -> Self {
        Self {
            key: Buckets::new("key", settings.key_per_minute),
            person: Buckets::new("person", settings.person_per_minute),
            group: Buckets::new("group", settings.group_per_minute),
            live: Buckets::new("live", settings.live_per_minute),
        }
    }

    /// Counts one request. A key counts for itself — by its own limit, if it has one, elsewhere —
    /// and for its group, everybody else for their person.
    #[must_use]
    pub fn take(&self, identity: &Identity, now: Time) -> Verdict {
        let mut verdict = Verdict::default();
        if let Some(key) = &identity.key {
            if key.limit.is_none() {
                self.key.take(key.id.0, now, &mut verdict);
            }
            self.group.take(key.group.0, now, &mut verdict);
        } else if let Some(person) = identity.person {
            self.person.take(person.0, now, &mut verdict);
        }
        verdict
    }

    /// Counts one thing that is asked over a live connection, for the key or else for the person.
    /// It has a rate of its own: a page that comes back asks for hundreds of things at once, and
    /// whoever talks says more in a minute than others request.
    ///
    /// # Errors
    /// 429 with the seconds to wait.
    pub fn take_live(&self, identity: &Identity, now: Time) -> Result<()> {
        let key = identity.key.as_ref().map(|key| key.id.0);
        let mut verdict = Verdict::default();
        if let Some(whose) = key.or(identity.person.map(|person| person.0)) {
            self.live.take(whose, now, &mut verdict);
        }
        verdict.refused.map_or(Ok(()), Err)
    }

    /// How many requests were refused, by whose rate it was.
    #[must_use]
    pub fn refused(&self) -> [(&'static str, u64); 4] {
        [&self.key, &self.person, &self.group, &self.live].map(|one| (one.name, one.refused.get()))
    }
}

impl Verdict {
    /// Adds what another limit says.
    pub fn note(&mut self, rate: Rate) {
        if let Some(free) = self.rates.iter_mut().find(|rate| rate.is_none()) {
            *free = Some(rate);
        }
    }
}

#[derive(Clone)]
struct Buckets {
    name: &'static str,
    most: u32,
    refused: Arc<Counter>,
    /// When each will have drained, in microseconds.
    drained_at: Cache<Uuid, Arc<AtomicI64>>,
}

impl Buckets {
    fn new(name: &'static str, most: u32) -> Self {
        let drained_at = Cache::builder()
            .max_capacity(CAPACITY)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_idle(MINUTE)
            .build();
        Self { name, most, refused: Arc::default(), drained_at }
    }

    fn take(&self, whose: Uuid, now: Time, verdict: &mut Verdict) {
        if self.most == 0 || verdict.refused.is_some() {
            return;
        }
        let window = i64::try_from(MINUTE.as_micros()).unwrap_or(i64::MAX);
        let (now, one) = (now.micros(), (window / i64::from(self.most)).max(1));
        let bucket = self.drained_at.get_with(whose, Arc::default);
        // One that has longer to drain than it can is of a clock that went back since.
        let level_at = |drained: i64| if drained - now > window { now } else { drained.max(now) };
        let poured = |drained: i64| Some(level_at(drained) + one).filter(|at| at - now <= window);
        let outcome = bucket.fetch_update(Ordering::AcqRel, Ordering::Acquire, poured);
        let level = match outcome {
            Ok(before) => level_at(before) + one - now,
            Err(full) => full - now,
        };
        verdict.note(Rate {
            name: self.name,
            most: self.most,
            window_s: seconds(window),
            left: u32::try_from((window - level) / one).unwrap_or(0),
            reset_s: seconds(level),
        });
        if outcome.is_err() {
            self.refused.one();
            verdict.refused = Some(too_fast(seconds(level + one - window)));
        }
    }
}

/// Rounded up: whoever comes back then is let through.
fn seconds(micros: i64) -> u32 {
    u32::try_from((micros.max(0) + 999_999) / 1_000_000).unwrap_or(u32::MAX)
}

fn too_fast(wait_s: u32) -> Error {
    Error::new(
        ErrorKind::TooFast,
        "rate_limited",
        "Too many requests in a short time; wait as long as `Retry-After` says, then go on.",
    )
    .retry_after(wait_s.max(1))
}

#[cfg(test)]
#[path = "rates_tests.rs"]
mod tests;
