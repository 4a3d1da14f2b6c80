//! What each request costs whoever sends it, and the headers that say what is left.

use http::{HeaderMap, HeaderName, HeaderValue};
use kernel::rates::{Rate, Verdict};
use kernel::{Identity, usage};
use types::Result;

use crate::{IdentityApp, api_keys};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STATE: HeaderName = HeaderName::from_static("ratelimit");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Takes what one request costs: a place under each limit on how fast, and with a key one of its
/// remaining requests and one of its group's calls this month.
pub(super) async fn spend(house: &IdentityApp, identity: &Identity) -> Verdict {
    let mut verdict = house.rates.take(identity, house.now());
    if verdict.refused.is_none()
        && let Some(key) = &identity.key
    {
        verdict.refused = with_key(house, key, &mut verdict).await.err();
    }
    verdict
}

async fn with_key(
    house: &IdentityApp,
    key: &kernel::ApiKeyScope,
    verdict: &mut Verdict,
) -> Result<()> {
    api_keys::spend(house, key, verdict).await?;
    usage::admit(house, key.group).await
}

/// Says what is left: as the draft of the IETF has it, every limit; in the older three headers the
/// one that is closest.
pub(super) fn tell(headers: &mut HeaderMap, verdict: &Verdict) {
    let rates = || verdict.rates.iter().flatten();
    let Some(closest) = rates().min_by_key(|rate| rate.left) else { return };
    let policy = |rate: &Rate| format!("\"{}\";q={};w={}", rate.name, rate.most, rate.window_s);
    let state = |rate: &Rate| format!("\"{}\";r={};t={}", rate.name, rate.left, rate.reset_s);
    for (name, text) in [
        (POLICY, rates().map(policy).collect::<Vec<_>>().join(", ")),
        (STATE, rates().map(state).collect::<Vec<_>>().join(", ")),
    ] {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
    headers.insert(LIMIT, closest.most.into());
    headers.insert(REMAINING, closest.left.into());
    headers.insert(RESET, closest.reset_s.into());
}
