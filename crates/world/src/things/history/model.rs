//! The shapes of a history.

use serde::{Deserialize, Serialize};
use types::{Json, PersonId, Time};
use utoipa::ToSchema;

/// One change of a thing.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// The version it made.
    pub version: u64,
    /// When.
    pub at: Time,
    /// Who; null for the installation itself.
    pub actor_id: Option<PersonId>,
    /// By field, what it was and became; of a hidden property its name only. Null when the thing
    /// was private to others then.
    #[schema(example = json!({"name": {"from": "a", "to": "b"}, "properties.pin": {}}))]
    pub changes: Option<Json>,
}

/// Which version to go back to.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"version": 1}))]
pub struct Revert {
    /// One that the thing had.
    pub version: u64,
}
