//! The shapes of a role.

use kernel::access::{Rights, Role};
use serde::{Deserialize, Serialize};
use types::{GroupId, Json, Time};
use utoipa::ToSchema;

/// A role that a group defines.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupRole {
    /// The group.
    pub group_id: GroupId,
    /// Its name, unique in the group.
    #[schema(example = "auditor")]
    pub name: String,
    /// Names of everything its holders may do.
    #[schema(value_type = Vec<String>, example = json!(["groups:read", "events:read"]))]
    pub permissions: Json,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

/// What a role is to allow.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"permissions": ["groups:read", "events:read"]}))]
pub struct RoleDefinition {
    /// Names of permissions like `things:create`, `things:*` or `*`; none that the caller lacks.
    pub permissions: Vec<String>,
}

/// A role somebody has or is to be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What ranks it.
    pub rank: Role,
    /// Its name, if it is not one of the four.
    pub custom: Option<String>,
    /// What it allows.
    pub rights: Rights,
}

impl Held {
    /// The name it is shown by.
    #[must_use]
    pub fn name(&self) -> &str {
        self.custom.as_deref().unwrap_or(self.rank.name())
    }
}

impl From<Role> for Held {
    fn from(rank: Role) -> Self {
        Self { rank, custom: None, rights: rank.rights() }
    }
}
