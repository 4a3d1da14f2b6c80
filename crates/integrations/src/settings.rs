//! The numbers of this room.

use std::time::Duration;

use serde::Deserialize;

/// Settings of webhooks; every one has a default.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Webhooks of one group, and receivers of one group, at most.
    pub per_group: u32,
    /// How long a webhook's server may take to answer.
    pub timeout_ms: u32,
    /// Hours without one success after which a webhook that keeps failing is switched off.
    pub disable_after_hours: u32,
    /// Days a delivery is kept.
    pub keep_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { per_group: 50, timeout_ms: 15_000, disable_after_hours: 120, keep_days: 30 }
    }
}

impl Settings {
    /// Every mistake as (key, sentence), so that boot can report them together.
    #[must_use]
    pub fn mistakes(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let mut within = |name, value: u32, from: u32, to: u32| {
            if !(from..=to).contains(&value) {
                found.push((name, format!("must be from {from} to {to}")));
            }
        };
        within("per_group", self.per_group, 1, 1_000);
        within("timeout_ms", self.timeout_ms, 100, 60_000);
        within("disable_after_hours", self.disable_after_hours, 1, 8_760);
        within("keep_days", self.keep_days, 4, 3_650);
        found
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(u64::from(self.timeout_ms))
    }

    /// How long a delivery being sent is nobody else's.
    pub(crate) fn lease(&self) -> Duration {
        self.timeout() + Duration::from_secs(15)
    }

    pub(crate) fn disable_after(&self) -> Duration {
        Duration::from_secs(u64::from(self.disable_after_hours) * 3_600)
    }

    pub(crate) fn keep(&self) -> Duration {
        Duration::from_secs(u64::from(self.keep_days) * 86_400)
    }
}
