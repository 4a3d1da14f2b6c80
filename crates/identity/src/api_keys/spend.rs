//! What each request with a key costs it: a place under its limit, one of its remaining requests,
//! a note of its use.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use database::Tx;
use kernel::rates::{Rate, Verdict};
use kernel::{ApiKeyScope, Caller};
use types::{ApiKeyId, Error, ErrorKind, Result, Time};

use super::sql;
use crate::IdentityApp;

/// Keys whose uses are counted at the same time; those of one more are not.
const KEYS: usize = 10_000;
/// A key that was not used for this long is noted with the next one that is: nothing else would
/// come by.
const IDLE: Duration = Duration::from_secs(2 * 3_600);
/// Idle keys noted at once: others wait for the transaction.
const IDLE_KEYS: usize = 100;

/// Uses that are not noted in the store yet: a write per request would cost more than the request.
#[derive(Default)]
pub(crate) struct Uses(Mutex<HashMap<ApiKeyId, Use>>);

/// Those of one key.
#[derive(Clone, Copy)]
pub(crate) struct Use {
    key: ApiKeyId,
    times: i64,
    /// The last of them.
    at: Time,
}

impl Uses {
    fn add(&self, key: ApiKeyId, now: Time) {
        let mut counts = self.counts();
        if counts.len() < KEYS || counts.contains_key(&key) {
            let count = counts.entry(key).or_insert(Use { key, times: 0, at: now });
            (count.times, count.at) = (count.times + 1, count.at.max(now));
        }
    }

    /// Those of a key that is used now, and of some that are idle; they are about to be noted.
    pub(crate) fn take(&self, key: ApiKeyId, now: Time) -> Vec<Use> {
        let mut counts = self.counts();
        let times = counts.remove(&key).map(|count| count.times).unwrap_or_default();
        let mut taken = vec![Use { key, times, at: now }];
        let since = now.before(IDLE);
        taken.extend(counts.values().filter(|count| count.at < since).take(IDLE_KEYS));
        for one in &taken {
            counts.remove(&one.key);
        }
        taken
    }

    /// Those that could not be noted: they are, some other time.
    pub(crate) fn put_back(&self, uses: &[Use]) {
        let mut counts = self.counts();
        for one in uses.iter().filter(|one| one.times > 0) {
            let count = counts.entry(one.key).or_insert(Use { times: 0, ..*one });
            (count.times, count.at) = (count.times + one.times, count.at.max(one.at));
        }
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<ApiKeyId, Use>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes uses in the store.
///
/// # Errors
/// As the store.
pub(crate) async fn note(tx: &mut Tx, uses: &[Use]) -> Result<()> {
    for one in uses {
        sql::touch(tx, one.key, one.times, one.at).await?;
    }
    Ok(())
}

/// Takes what one request costs, and says what is left of the key's own limit. Only a key that is
/// good for a number of requests is written to.
///
/// # Errors
/// 429 `rate_limited` with the seconds to wait, or `usage_exceeded`; 503.
pub(crate) async fn spend(
    house: &IdentityApp,
    key: &ApiKeyScope,
    verdict: &mut Verdict,
) -> Result<()> {
    if let Some(limit) = key.limit {
        let place = house.limits.take_of_key(key.id, limit, house.now());
        let (left, reset_s) = match &place {
            Ok(counts) => counts.left(limit),
            Err(full) => (0, full.retry_after_s().unwrap_or(1)),
        };
        let window_s = u32::try_from(limit.per.as_secs()).unwrap_or(u32::MAX).max(1);
        verdict.note(Rate { name: "key", most: limit.most, window_s, left, reset_s });
        let _counts = place?;
    }
    if !key.counted {
        house.parts.key_uses.add(key.id, house.now());
        return Ok(());
    }
    let id = key.id;
    let good = house
        .change(&Caller::system("identity.api_key"), async move |work| {
            work.silently();
            let now = work.now;
            sql::spend(work.tx, id, now).await
        })
        .await?;
    if good {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::TooFast,
        "usage_exceeded",
        "This API key has been used as often as it may; ask its maker for more.",
    ))
}

#[cfg(test)]
#[path = "spend_tests.rs"]
mod tests;
