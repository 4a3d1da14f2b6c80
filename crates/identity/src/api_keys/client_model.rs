//! The shapes of API keys as the better-auth client knows them.

use std::collections::BTreeMap;

use kernel::Caller;
use serde::{Deserialize, Serialize};
use types::{ApiKeyId, GroupId, Json, Time};
use web::Patch;

use super::model::ApiKey;

/// `{"things": ["read", "create"]}`.
pub(super) type Permissions = BTreeMap<String, Vec<String>>;

/// A key to be made.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({ "name": "nightly import", "permissions": { "things": ["read"] } }))]
pub(super) struct CreateApiKey {
    /// Not used: there is one configuration, `default`.
    #[serde(rename = "configId")]
    pub(super) _config_id: Option<String>,
    /// What people call it, 1 to 32 characters.
    pub(super) name: Option<String>,
    /// Seconds until it ends, a day to a year; without it, a year, unless the server says
    /// otherwise.
    pub(super) expires_in: Option<i64>,
    /// 1 to 32 of `A-Z a-z 0-9 _ -` to stand in front of it.
    pub(super) prefix: Option<String>,
    /// Requests it is good for.
    pub(super) remaining: Option<i64>,
    /// Refused unless `identity.api_key_metadata` is on.
    #[schema(value_type = Option<Object>)]
    pub(super) metadata: Option<serde_json::Value>,
    /// What `remaining` becomes after each `refillInterval`.
    pub(super) refill_amount: Option<i64>,
    /// Milliseconds between refills.
    pub(super) refill_interval: Option<i64>,
    /// Milliseconds in which `rateLimitMax` requests are let through.
    pub(super) rate_limit_time_window: Option<i64>,
    /// Requests let through in any span of `rateLimitTimeWindow`.
    pub(super) rate_limit_max: Option<i64>,
    /// False: no limit of its own.
    pub(super) rate_limit_enabled: Option<bool>,
    /// What it may do; without it, nothing.
    #[schema(value_type = Option<Object>)]
    pub(super) permissions: Option<Permissions>,
    /// Refused: a key is made for oneself.
    pub(super) user_id: Option<String>,
    /// The group it is for; without it, oneself.
    pub(super) organization_id: Option<GroupId>,
}

/// What is to change.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({ "keyId": "key_01jd7jr6kg7k1srh6w1g603kwf", "enabled": false }))]
pub(super) struct UpdateApiKey {
    /// Not used: there is one configuration, `default`.
    #[serde(rename = "configId")]
    pub(super) _config_id: Option<String>,
    /// The key's id.
    pub(super) key_id: String,
    /// Refused unless it is one's own.
    pub(super) user_id: Option<String>,
    /// What people call it, 1 to 32 characters.
    pub(super) name: Option<String>,
    /// Whether it is switched on.
    pub(super) enabled: Option<bool>,
    /// Requests it is good for; null: any number.
    pub(super) remaining: Patch<i64>,
    /// What `remaining` becomes after each `refillInterval`.
    pub(super) refill_amount: Patch<i64>,
    /// Milliseconds between refills.
    pub(super) refill_interval: Patch<i64>,
    /// Not used unless `identity.api_key_metadata` is on.
    #[schema(value_type = Option<Object>)]
    pub(super) metadata: Option<serde_json::Value>,
    /// Seconds until it ends, a day to a year; null: as a new one.
    pub(super) expires_in: Patch<i64>,
    /// False: no limit of its own.
    pub(super) rate_limit_enabled: Option<bool>,
    /// Milliseconds in which `rateLimitMax` requests are let through.
    pub(super) rate_limit_time_window: Option<i64>,
    /// Requests let through in any span of `rateLimitTimeWindow`.
    pub(super) rate_limit_max: Option<i64>,
    /// What it may do; null: nothing.
    #[schema(value_type = Option<Object>)]
    pub(super) permissions: Patch<Permissions>,
}

/// Which key to end.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "keyId": "key_01jd7jr6kg7k1srh6w1g603kwf" }))]
pub(super) struct DeleteApiKey {
    /// Not used: there is one configuration, `default`.
    #[serde(rename = "configId", default)]
    pub(super) _config_id: Option<String>,
    /// The key's id.
    pub(super) key_id: String,
}

/// Which key to show.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct GetApiKey {
    /// Not used: there is one configuration, `default`.
    #[serde(rename = "configId", default)]
    #[param(rename = "configId")]
    pub(super) _config_id: Option<String>,
    /// The key's id.
    pub(super) id: String,
}

/// Which keys to list.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ListApiKeys {
    /// Not used: there is one configuration, `default`.
    #[serde(rename = "configId", default)]
    #[param(rename = "configId")]
    pub(super) _config_id: Option<String>,
    /// Of this group; without it, one's own.
    pub(super) organization_id: Option<GroupId>,
    /// How many to answer.
    pub(super) limit: Option<u32>,
    /// How many to skip.
    pub(super) offset: Option<u32>,
    /// By what to sort.
    #[param(inline)]
    pub(super) sort_by: Option<SortBy>,
    /// Which way.
    #[param(inline)]
    pub(super) sort_direction: Option<SortDirection>,
}

/// By what keys are sorted.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum SortBy {
    CreatedAt,
    UpdatedAt,
    ExpiresAt,
    LastRequest,
    Name,
    Id,
}

/// Which way they are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum SortDirection {
    Asc,
    Desc,
}

/// A key, without the key itself.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuthApiKey)]
pub(super) struct Shown {
    pub(super) id: ApiKeyId,
    /// Always `default`.
    pub(super) config_id: &'static str,
    pub(super) name: Option<String>,
    /// Its first letters.
    pub(super) start: String,
    /// The login or the group it belongs to.
    pub(super) reference_id: String,
    pub(super) prefix: Option<String>,
    pub(super) refill_interval: Option<i64>,
    pub(super) refill_amount: Option<i64>,
    pub(super) last_refill_at: Option<Time>,
    pub(super) enabled: bool,
    pub(super) rate_limit_enabled: bool,
    pub(super) rate_limit_time_window: Option<i64>,
    pub(super) rate_limit_max: Option<i64>,
    /// How often it was used, noted about every minute.
    pub(super) request_count: i64,
    pub(super) remaining: Option<i64>,
    pub(super) last_request: Option<Time>,
    pub(super) expires_at: Option<Time>,
    pub(super) created_at: Time,
    pub(super) updated_at: Time,
    /// What it may do; null: nothing.
    #[schema(value_type = Option<Object>)]
    pub(super) permissions: Option<Permissions>,
    #[schema(value_type = Option<Object>)]
    pub(super) metadata: Option<Json>,
}

/// A key just made: the only time the key itself is shown.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = AuthCreatedApiKey)]
pub(super) struct Made {
    #[serde(flatten)]
    pub(super) record: Shown,
    /// Send it as `X-API-Key`. It cannot be shown again.
    #[schema(example = "gsk_4fJ2aQ0h2WkzY7mR1cVtB9xLqNdPsEuGiOyTfHaKvZ5bCwXjM3n8D")]
    pub(super) key: String,
}

/// Keys, and how many there are.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuthApiKeys)]
pub(super) struct ShownKeys {
    pub(super) api_keys: Vec<Shown>,
    pub(super) total: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) offset: Option<u32>,
}

impl Shown {
    /// As whoever calls sees it: a key of one person alone is theirs.
    pub(super) fn new(key: ApiKey, caller: &Caller) -> Self {
        let owner = caller.user().filter(|_| key.personal).map(|user| user.to_string());
        let names: Vec<String> = serde_json::from_str(key.permissions.as_str()).unwrap_or_default();
        Self {
            id: key.id,
            config_id: "default",
            name: Some(key.name).filter(|name| !name.is_empty()),
            start: key.key_start,
            reference_id: owner.unwrap_or_else(|| key.group_id.to_string()),
            prefix: key.prefix,
            refill_interval: key.terms.refill_interval_ms,
            refill_amount: key.terms.refill_amount,
            last_refill_at: key.last_refill_at,
            enabled: key.enabled,
            rate_limit_enabled: key.terms.rate_limit_max.is_some(),
            rate_limit_time_window: key.terms.rate_limit_window_ms,
            rate_limit_max: key.terms.rate_limit_max,
            request_count: key.request_count,
            remaining: key.terms.remaining,
            last_request: key.last_used_at,
            expires_at: key.expires_at,
            created_at: key.created_at,
            updated_at: key.updated_at,
            permissions: (!names.is_empty()).then(|| by_resource(&names)),
            metadata: key.metadata,
        }
    }
}

/// `things:read` is `{"things": ["read"]}`, `*` is `{"*": ["*"]}`.
pub(super) fn by_resource(names: &[String]) -> Permissions {
    let mut all = Permissions::new();
    for name in names {
        let (resource, action) = name.split_once(':').unwrap_or((name, "*"));
        all.entry(resource.to_owned()).or_default().push(action.to_owned());
    }
    all
}

/// The names of such a map.
pub(super) fn by_name(permissions: &Permissions) -> Vec<String> {
    permissions
        .iter()
        .flat_map(|(resource, actions)| {
            actions.iter().map(move |action| match (resource.as_str(), action.as_str()) {
                ("*", "*") => "*".to_owned(),
                _ => format!("{resource}:{action}"),
            })
        })
        .collect()
}
