//! What a key may be given: pure checks.

use types::{Checks, Json, JsonMap, Result};

use super::model::Terms;
use super::text;

pub(super) const NAME_MAX: usize = 100;
/// More names than there are rights say nothing new.
const PERMISSIONS_MAX: usize = 64;
/// Each request of a window is remembered by its moment.
const RATE_MAX: i64 = 10_000;
const DAY_MS: i64 = 86_400_000;
const YEAR_MS: i64 = 366 * DAY_MS;
const SECOND_MS: i64 = 1_000;
const REQUESTS_MAX: i64 = 1_000_000_000;
const METADATA_MAX: usize = 4_096;

impl Terms {
    /// Fills in what follows from the rest: a limit without a window is one of a day.
    pub(super) fn settled(mut self) -> Self {
        if self.rate_limit_max.is_none() {
            self.rate_limit_window_ms = None;
        } else if self.rate_limit_window_ms.is_none() {
            self.rate_limit_window_ms = Some(DAY_MS);
        }
        self
    }

    /// Notes what is wrong with them.
    pub(super) fn check(&self, checks: &mut Checks) {
        let mut within = |value: Option<i64>, least, most, pointer: &str| {
            checks.that(
                value.is_none_or(|value| (least..=most).contains(&value)),
                pointer,
                "out_of_range",
                format!("must be {least} to {most}."),
            );
        };
        within(self.rate_limit_max, 1, RATE_MAX, "/rateLimitMax");
        within(self.rate_limit_window_ms, SECOND_MS, DAY_MS, "/rateLimitWindowMs");
        within(self.remaining, 0, REQUESTS_MAX, "/remaining");
        within(self.refill_amount, 1, REQUESTS_MAX, "/refillAmount");
        within(self.refill_interval_ms, SECOND_MS, YEAR_MS, "/refillIntervalMs");
        checks.that(
            self.refill_amount.is_some() == self.refill_interval_ms.is_some(),
            "/refillAmount",
            "incomplete",
            "goes together with `refillIntervalMs`: give both or none.",
        );
    }
}

/// Notes what is wrong with a prefix.
pub(super) fn check_prefix(prefix: Option<&str>, checks: &mut Checks) {
    checks.that(
        prefix.is_none_or(|prefix| !prefix.is_empty() && text::is_prefix(prefix)),
        "/prefix",
        "invalid_prefix",
        format!("must be 1 to {} of A-Z, a-z, 0-9, `_` and `-`.", text::OWN_PREFIX_MAX),
    );
}

/// Notes whether there are too many names.
pub(super) fn check_permissions(permissions: &[String], checks: &mut Checks) {
    checks.that(
        permissions.len() <= PERMISSIONS_MAX,
        "/permissions",
        "too_long",
        format!("must have at most {PERMISSIONS_MAX} names."),
    );
}

/// Metadata as it is stored.
pub(super) fn metadata(map: Option<&JsonMap>, checks: &mut Checks) -> Result<Option<Json>> {
    let Some(map) = map else { return Ok(None) };
    let json = Json::of(map)?;
    checks.that(
        json.as_str().len() <= METADATA_MAX,
        "/metadata",
        "too_long",
        format!("must have at most {METADATA_MAX} bytes of JSON."),
    );
    Ok(Some(json))
}
