//! One page of a list.

use serde::Serialize;

/// Rows of a page unless `limit` says otherwise.
pub const DEFAULT_LIMIT: u16 = 50;
/// Rows of a page at most.
pub const MAX_LIMIT: u16 = 200;

/// How many rows a page may have: 1 to [`MAX_LIMIT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u16);

impl Limit {
    /// Rows an export reads at a time at most: more than a page, since nobody waits for the first.
    pub const EXPORT: Self = Self(1000);

    /// What an export reads at a time that wants so many rows: 1 to [`Limit::EXPORT`].
    #[must_use]
    pub fn exported(rows: usize) -> Self {
        Self(u16::try_from(rows).unwrap_or(u16::MAX).clamp(1, Self::EXPORT.0))
    }

    /// A limit within bounds, or nothing.
    #[must_use]
    pub fn new(rows: i64) -> Option<Self> {
        u16::try_from(rows).ok().filter(|rows| (1..=MAX_LIMIT).contains(rows)).map(Self)
    }

    /// Rows on the page.
    #[must_use]
    pub fn rows(self) -> usize {
        usize::from(self.0)
    }

    /// Rows to ask the store for: one more, which tells whether another page follows.
    #[must_use]
    pub fn probe(self) -> i64 {
        i64::from(self.0) + 1
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(DEFAULT_LIMIT)
    }
}

/// One page of a list, in the shape every list answers.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Give this as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
    /// Whether another page follows.
    pub has_more: bool,
}
