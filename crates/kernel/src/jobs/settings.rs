//! How much runs at once, and for how long what ended can be looked up.

use std::time::Duration;

use serde::Deserialize;
use types::Time;

/// The section `jobs`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Jobs of one kind that one process runs at the same time.
    pub workers: u16,
    /// Jobs of one kind that run at the same time for one group, in all processes.
    pub per_group: u16,
    /// Days a job that is done or cancelled can be looked up.
    pub keep_done_days: u16,
    /// Days a job that was given up can be looked up and tried again.
    pub keep_dead_days: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self { workers: 4, per_group: 2, keep_done_days: 7, keep_dead_days: 30 }
    }
}

impl Settings {
    /// What is wrong with them: the key and a sentence.
    #[must_use]
    pub fn mistakes(&self) -> Vec<(&'static str, String)> {
        let ranges = [
            ("workers", self.workers, 1, 64),
            ("per_group", self.per_group, 1, 64),
            ("keep_done_days", self.keep_done_days, 1, 3650),
            ("keep_dead_days", self.keep_dead_days, 1, 3650),
        ];
        let wrong =
            ranges.into_iter().filter(|(_, value, least, most)| value < least || value > most);
        wrong.map(|(key, _, least, most)| (key, format!("must be {least} to {most}"))).collect()
    }

    pub(super) fn places(&self) -> usize {
        usize::from(self.workers).max(1)
    }

    pub(super) fn share(&self) -> i64 {
        i64::from(self.per_group).max(1)
    }

    /// Until when a job can be looked up that is over now.
    #[must_use]
    pub fn done_until(&self, now: Time) -> Time {
        now.after(days(self.keep_done_days))
    }

    pub(super) fn dead_until(&self, now: Time) -> Time {
        now.after(days(self.keep_dead_days))
    }
}

fn days(days: u16) -> Duration {
    Duration::from_secs(u64::from(days) * 86_400)
}
