//! The shape of a quota.

use kernel::usage::Level;
use serde::Serialize;
use types::GroupId;
use utoipa::ToSchema;

/// What a group uses of its plan.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    /// The group.
    pub group_id: GroupId,
    /// Its plan.
    #[schema(example = "starter")]
    pub plan: String,
    /// The month (UTC) of what is counted by the month.
    #[schema(example = "2026-11")]
    pub period: String,
    /// What is counted.
    pub metrics: Metrics,
}

/// Everything that is counted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// Active members.
    pub users: Usage,
    /// Things, archived ones too.
    pub things: Usage,
    /// Connections.
    pub connections: Usage,
    /// Bytes of files.
    pub storage_bytes: Usage,
    /// Calls with API keys this month; the last second's may be missing.
    pub api_calls_per_month: Usage,
}

/// How much of something is used.
#[derive(Debug, Serialize, ToSchema)]
pub struct Usage {
    /// How much.
    pub used: i64,
    /// Of how much; null where nothing limits it.
    pub limit: Option<i64>,
    /// Whole percents of the limit, rounded down; null without one.
    pub percent: Option<i64>,
    /// `ok` below 80 %, `warning` below 95 %, `critical` below 100 %, else `exceeded`.
    pub status: Level,
}

impl Usage {
    /// So much of so much.
    pub(super) fn new(used: i64, limit: Option<i64>) -> Self {
        let percent = limit.map(|limit| match limit {
            0 => 100,
            limit => i64::try_from(i128::from(used) * 100 / i128::from(limit)).unwrap_or(i64::MAX),
        });
        let status = limit.map_or(Level::Ok, |limit| Level::of(used, limit));
        Self { used, limit, percent, status }
    }
}
