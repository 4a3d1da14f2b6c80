//! The shapes of API keys.

use kernel::access::Rights;
use serde::{Deserialize, Serialize};
use types::{ApiKeyId, GroupId, Json, PersonId, Time};

/// Whether a key can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ApiKeyStatus {
    /// It can.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Revoked,
}

/// A key, without the key itself.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKey {
    /// Its id.
    pub(crate) id: ApiKeyId,
    /// The one group it is good for.
    pub(crate) group_id: GroupId,
    /// Whom it speaks for.
    pub(crate) creator_id: PersonId,
    /// What people call it.
    #[schema(example = "nightly import")]
    pub(crate) name: String,
    /// What it may do, as long as its maker may.
    #[schema(value_type = Vec<String>, example = json!(["things:*", "connections:create"]))]
    pub(crate) permissions: Json,
    /// Its first letters.
    #[schema(example = "gsk_4fJ2aQ")]
    pub(crate) key_start: String,
    /// When it was made.
    pub(crate) created_at: Time,
    /// When it ends.
    pub(crate) expires_at: Option<Time>,
    /// When it was last used, give or take a minute.
    pub(crate) last_used_at: Option<Time>,
    /// Whether it can be used.
    pub(crate) status: ApiKeyStatus,
}

/// A key just made: the only time the key itself is shown.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CreatedApiKey {
    #[serde(flatten)]
    pub(crate) record: ApiKey,
    /// Send it as `X-API-Key` or `Authorization: Bearer …`. It cannot be shown again.
    #[schema(example = "gsk_4fJ2aQ0h2WkzY7mR1cVtB9xLqNdPsEuGiOyTfHaKvZ5bCwXjM3n8D")]
    pub(crate) key: String,
}

/// A key to be made.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "name": "nightly import",
    "groupId": "group_01jd7jr6kg7k1srh6w1g603kwf",
    "permissions": ["things:read", "things:create"]
}))]
pub(crate) struct NewApiKey {
    /// What people call it, 1 to 100 characters.
    pub(crate) name: String,
    /// The one group it is good for.
    pub(crate) group_id: GroupId,
    /// Names like `things:create`, `things:*` or `*`, all of them yours in this group. An empty
    /// list makes a key that may do nothing.
    pub(crate) permissions: Vec<String>,
    /// When it ends; in a year, unless the server says otherwise.
    pub(crate) expires_at: Option<Time>,
}

/// The order of a list: ids follow the moment of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, utoipa::ToSchema)]
pub(crate) enum ApiKeySort {
    /// Newest first.
    #[default]
    #[serde(rename = "-createdAt")]
    Newest,
    /// Oldest first.
    #[serde(rename = "createdAt")]
    Oldest,
}

/// Which keys to list.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ApiKeyFilter {
    /// Of this group.
    pub(crate) group_id: GroupId,
    /// `-createdAt` (newest first) or `createdAt`.
    #[serde(default)]
    #[param(inline, required = false)]
    pub(crate) sort: ApiKeySort,
}

/// A stored key, as much as is needed to let it in.
pub(crate) struct Stored {
    pub(crate) id: ApiKeyId,
    pub(crate) group: GroupId,
    pub(crate) creator: PersonId,
    pub(crate) rights: Rights,
    pub(crate) expires_at: Option<Time>,
    pub(crate) last_used_at: Option<Time>,
    pub(crate) revoked_at: Option<Time>,
}

impl Stored {
    pub(crate) fn is_live(&self, now: Time) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| end > now)
    }
}
