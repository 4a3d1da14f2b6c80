//! What an operator may set.

use std::time::Duration;

use serde::Deserialize;

/// Settings of notifications; every one has a default.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Days a notification is kept after it was read.
    pub keep_read_days: u32,
    /// Days one is kept that nobody reads.
    pub keep_unread_days: u32,
    /// The most of one person; the oldest go first.
    pub keep_most: u32,
    /// Seconds from one look for letters that are due to the next.
    pub letters_every_s: u64,
    /// Seconds from one clean-up to the next.
    pub clean_up_every_s: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            keep_read_days: 30,
            keep_unread_days: 180,
            keep_most: 1000,
            letters_every_s: 60,
            clean_up_every_s: 3600,
        }
    }
}

impl Settings {
    /// Every mistake as (key, sentence), so that boot can report them together.
    #[must_use]
    pub fn mistakes(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let mut within = |name, value: u64, to: u64| {
            if !(1..=to).contains(&value) {
                found.push((name, format!("must be from 1 to {to}")));
            }
        };
        within("keep_read_days", self.keep_read_days.into(), 3650);
        within("keep_unread_days", self.keep_unread_days.into(), 3650);
        within("keep_most", self.keep_most.into(), 10_000);
        within("letters_every_s", self.letters_every_s, 3600);
        within("clean_up_every_s", self.clean_up_every_s, 86_400);
        found
    }

    pub(super) fn letters_every(&self) -> Duration {
        Duration::from_secs(self.letters_every_s)
    }

    pub(super) fn clean_up_every(&self) -> Duration {
        Duration::from_secs(self.clean_up_every_s)
    }
}

/// So many days.
pub(super) fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 86_400)
}
