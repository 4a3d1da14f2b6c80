//! How much of a limit is used, in words.

use serde::{Deserialize, Serialize};

/// How close a number is to its limit.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Below 80 %.
    Ok,
    /// Below 95 %.
    Warning,
    /// Below 100 %.
    Critical,
    /// Nothing is left.
    Exceeded,
}

/// Once told, a level holds until usage has fallen this many percent of the limit below its mark:
/// whoever goes to and fro across it is told once.
const SLACK: i64 = 5;

impl Level {
    const ALL: [Self; 4] = [Self::Ok, Self::Warning, Self::Critical, Self::Exceeded];

    /// Where `used` of `limit` is.
    #[must_use]
    pub fn of(used: i64, limit: i64) -> Self {
        let reached = |level: &&Self| used >= level.mark(limit);
        Self::ALL.iter().rev().find(reached).copied().unwrap_or(Self::Ok)
    }

    /// What holds after a level was told and usage has changed: at once the worse one, the better
    /// one only with some distance.
    pub(super) fn after(self, used: i64, limit: i64) -> Self {
        let calm = Self::of(used.saturating_add(part(limit, SLACK)), limit);
        Self::of(used, limit).max(self.min(calm))
    }

    /// The most that may be used before there is something to tell, or nothing is left.
    pub(super) fn quiet_up_to(self, limit: i64) -> i64 {
        match self.next() {
            Some(next) => next.mark(limit) - 1,
            None => limit,
        }
    }

    fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|level| *level > self)
    }

    /// The least usage at this level.
    fn mark(self, limit: i64) -> i64 {
        match self {
            Self::Ok => i64::MIN,
            Self::Warning => part(limit, 80),
            Self::Critical => part(limit, 95),
            Self::Exceeded => limit,
        }
    }

    /// As stored.
    pub(super) const fn number(self) -> i64 {
        self as i64
    }

    pub(super) fn stored(number: i64) -> Self {
        Self::ALL.into_iter().find(|level| level.number() == number).unwrap_or(Self::Ok)
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Exceeded => "exceeded",
        }
    }
}

/// So many percent, rounded up.
fn part(limit: i64, percent: i64) -> i64 {
    let exact = (i128::from(limit) * i128::from(percent) + 99) / 100;
    i64::try_from(exact).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "level_tests.rs"]
mod tests;
