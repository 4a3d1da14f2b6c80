//! The shapes of API keys.

use kernel::access::Rights;
use serde::{Deserialize, Serialize};
use types::{ApiKeyId, GroupId, Json, JsonMap, PersonId, Time};
use web::Patch;

/// Whether a key can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ApiKeyStatus {
    /// It can.
    Active,
    /// Somebody switched it off, and may switch it on again.
    Disabled,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Revoked,
}

/// How often a key may be used.
#[derive(Debug, Clone, Copy, Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Terms {
    /// Requests let through in any span of `rateLimitWindowMs`; none: no limit of its own.
    #[schema(example = 100)]
    pub(crate) rate_limit_max: Option<i64>,
    /// That span, in milliseconds.
    #[schema(example = 60_000)]
    pub(crate) rate_limit_window_ms: Option<i64>,
    /// Requests it is still good for; none: any number.
    pub(crate) remaining: Option<i64>,
    /// What `remaining` becomes after each `refillIntervalMs`.
    pub(crate) refill_amount: Option<i64>,
    /// Milliseconds between refills.
    pub(crate) refill_interval_ms: Option<i64>,
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
    /// What its maker put in front.
    pub(crate) prefix: Option<String>,
    /// Its maker's alone: it is in their personal group.
    pub(crate) personal: bool,
    /// Whether it is switched on.
    pub(crate) enabled: bool,
    #[serde(flatten)]
    pub(crate) terms: Terms,
    /// When `remaining` was last refilled.
    pub(crate) last_refill_at: Option<Time>,
    /// How often it was used, noted about every minute.
    pub(crate) request_count: i64,
    /// What its maker keeps with it.
    #[schema(value_type = Option<Object>)]
    pub(crate) metadata: Option<Json>,
    /// When it was made.
    pub(crate) created_at: Time,
    /// When it last changed.
    pub(crate) updated_at: Time,
    /// When it ends.
    pub(crate) expires_at: Option<Time>,
    /// When it was last used, give or take a minute.
    pub(crate) last_used_at: Option<Time>,
    /// Until when the key before the last rotation is good as well.
    pub(crate) old_key_until: Option<Time>,
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
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "name": "nightly import",
    "groupId": "group_01jd7jr6kg7k1srh6w1g603kwf",
    "permissions": ["things:read", "things:create"]
}))]
pub(crate) struct NewApiKey {
    /// What people call it, 1 to 100 characters.
    pub(crate) name: String,
    /// The one group it is good for; without it, the personal group of whoever makes it.
    pub(crate) group_id: Option<GroupId>,
    /// Names like `things:create`, `things:*` or `*`, all of them yours in this group. An empty
    /// list makes a key that may do nothing.
    pub(crate) permissions: Vec<String>,
    /// When it ends; in a year, unless the server says otherwise.
    pub(crate) expires_at: Option<Time>,
    /// Up to 32 of `A-Z a-z 0-9 _ -` to stand in front of it.
    pub(crate) prefix: Option<String>,
    /// Requests let through in any span of `rateLimitWindowMs`, 1 to 10000.
    pub(crate) rate_limit_max: Option<i64>,
    /// That span in milliseconds, 1000 to 86400000; without it, a day.
    pub(crate) rate_limit_window_ms: Option<i64>,
    /// Requests it is good for.
    pub(crate) remaining: Option<i64>,
    /// What `remaining` becomes after each `refillIntervalMs`.
    pub(crate) refill_amount: Option<i64>,
    /// Milliseconds between refills, 1000 to 31622400000.
    pub(crate) refill_interval_ms: Option<i64>,
    /// Anything to keep with it, up to 4096 bytes of JSON.
    #[schema(value_type = Option<Object>)]
    pub(crate) metadata: Option<JsonMap>,
}

/// What is to change; what is absent stays, null takes it away.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({ "enabled": false }))]
pub(crate) struct ApiKeyChange {
    /// What people call it, 1 to 100 characters.
    pub(crate) name: Option<String>,
    /// Whether it is switched on.
    pub(crate) enabled: Option<bool>,
    /// What it may do; whatever is added must be yours in its group.
    pub(crate) permissions: Option<Vec<String>>,
    /// When it ends; null: as a new one does.
    pub(crate) expires_at: Patch<Time>,
    /// As for a new one; null: no limit of its own.
    pub(crate) rate_limit_max: Patch<i64>,
    /// As for a new one.
    pub(crate) rate_limit_window_ms: Patch<i64>,
    /// As for a new one; null: any number.
    pub(crate) remaining: Patch<i64>,
    /// As for a new one.
    pub(crate) refill_amount: Patch<i64>,
    /// As for a new one.
    pub(crate) refill_interval_ms: Patch<i64>,
    /// As for a new one.
    #[schema(value_type = Option<Object>)]
    pub(crate) metadata: Patch<JsonMap>,
}

impl ApiKeyChange {
    /// Whether nothing is to change.
    pub(super) fn is_empty(&self) -> bool {
        let Self { name, enabled, permissions, expires_at, metadata, .. } = self;
        let numbers = [
            &self.rate_limit_max,
            &self.rate_limit_window_ms,
            &self.remaining,
            &self.refill_amount,
            &self.refill_interval_ms,
        ];
        name.is_none()
            && enabled.is_none()
            && permissions.is_none()
            && expires_at.is_absent()
            && metadata.is_absent()
            && numbers.into_iter().all(Patch::is_absent)
    }
}

/// How to rotate.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "graceHours": 24 }))]
pub(crate) struct RotateApiKey {
    /// Hours the old key stays good, 0 to 8760; a day, unless the server says otherwise.
    pub(crate) grace_hours: Option<u32>,
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
    /// Of this group; without it, of one's personal group.
    pub(crate) group_id: Option<GroupId>,
    /// `-createdAt` (newest first) or `createdAt`.
    #[serde(default)]
    #[param(inline, required = false)]
    pub(crate) sort: ApiKeySort,
}

/// A stored key, as much as is needed to let it in.
pub(crate) struct Stored {
    pub(crate) id: ApiKeyId,
    pub(crate) group: GroupId,
    /// The top of the tree the group is in.
    pub(crate) tree: Option<GroupId>,
    pub(crate) creator: PersonId,
    pub(crate) rights: Rights,
    pub(crate) expires_at: Option<Time>,
    pub(crate) last_used_at: Option<Time>,
    pub(crate) revoked_at: Option<Time>,
    pub(crate) enabled: bool,
    /// At most so many requests in so many milliseconds.
    pub(crate) limit: Option<(i64, i64)>,
    /// Whether it is good for a number of requests.
    pub(crate) counted: bool,
    /// Set when what was shown is the key before the last rotation.
    pub(crate) old_until: Option<Time>,
}

impl Stored {
    pub(crate) fn is_live(&self, now: Time) -> bool {
        self.enabled && self.revoked_at.is_none() && self.expires_at.is_none_or(|end| end > now)
    }
}
