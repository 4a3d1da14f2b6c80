//! What the better-auth client means, in the house's words. No axum, no SQL.

use std::cmp::Ordering;
use std::time::Duration;

use kernel::Caller;
use types::{ApiKeyId, Error, ErrorKind, JsonMap, Result, Time};
use web::Patch;

use super::client_model::{
    CreateApiKey, ListApiKeys, SortBy, SortDirection, UpdateApiKey, by_name,
};
use super::model::{ApiKey, ApiKeyChange, ApiKeyStatus, NewApiKey};
use super::rules;
use super::text::OWN_PREFIX_MAX;
use crate::{IdentityApp, sessions};

const NAME_MAX: usize = 32;
const DAY_S: i64 = 86_400;
/// What that client's server lets through when a limit is asked for without a number.
const RATE_MAX: i64 = 10;

/// An error in the client's words.
pub(super) fn refused(kind: ErrorKind, code: &'static str, message: &'static str) -> Error {
    Error::new(kind, code, message)
}

fn malformed(code: &'static str, message: &'static str) -> Error {
    refused(ErrorKind::Malformed, code, message)
}

/// There is none for whoever asks.
pub(super) fn no_key() -> Error {
    refused(ErrorKind::NotFound, "key_not_found", "There is no such API key.")
}

fn unauthorized_session() -> Error {
    refused(
        ErrorKind::Unauthenticated,
        "unauthorized_session",
        "An API key is made and changed for oneself; leave `userId` out.",
    )
}

fn key_id(text: &str) -> Result<ApiKeyId> {
    text.parse().map_err(|_| no_key())
}

fn check_name(name: Option<&str>) -> Result<()> {
    let length = name.map(|name| name.trim().chars().take(NAME_MAX + 1).count());
    if length.is_none_or(|length| (1..=NAME_MAX).contains(&length)) {
        return Ok(());
    }
    Err(malformed("invalid_name_length", "A name has 1 to 32 characters."))
}

fn end(seconds: i64, now: Time) -> Result<Time> {
    if seconds < DAY_S {
        return Err(malformed("expires_in_is_too_small", "A key is good for a day at least."));
    }
    if seconds > 365 * DAY_S {
        return Err(malformed("expires_in_is_too_large", "A key is good for 365 days at most."));
    }
    Ok(now.after(Duration::from_secs(seconds.unsigned_abs())))
}

fn check_refill(amount: bool, interval: bool) -> Result<()> {
    match (amount, interval) {
        (true, false) => Err(malformed(
            "refill_amount_and_interval_required",
            "`refillAmount` goes together with `refillInterval`.",
        )),
        (false, true) => Err(malformed(
            "refill_interval_and_amount_required",
            "`refillInterval` goes together with `refillAmount`.",
        )),
        _ => Ok(()),
    }
}

fn metadata(house: &IdentityApp, given: Option<serde_json::Value>) -> Result<Option<JsonMap>> {
    match given {
        None | Some(serde_json::Value::Null) => Ok(None),
        Some(_) if !house.parts.settings.api_key_metadata => {
            Err(malformed("metadata_disabled", "This server keeps no metadata of API keys."))
        }
        Some(serde_json::Value::Object(map)) => Ok(Some(map)),
        Some(_) => Err(malformed("invalid_metadata_type", "`metadata` is an object.")),
    }
}

/// What the client means, in the house's words.
///
/// # Errors
/// 400 and 401 in the client's words.
pub(super) fn new_key(house: &IdentityApp, form: CreateApiKey) -> Result<NewApiKey> {
    if form.user_id.is_some() {
        return Err(unauthorized_session());
    }
    check_name(form.name.as_deref())?;
    check_refill(form.refill_amount.is_some(), form.refill_interval.is_some())?;
    if form.prefix.as_deref().is_some_and(|text| text.is_empty() || text.len() > OWN_PREFIX_MAX) {
        return Err(malformed("invalid_prefix_length", "A prefix has 1 to 32 characters."));
    }
    if form.remaining.is_some_and(|number| number < 0) {
        return Err(malformed("invalid_remaining", "`remaining` is 0 or more."));
    }
    let limited = form.rate_limit_enabled.unwrap_or(form.rate_limit_max.is_some());
    let expires_at = match form.expires_in {
        None => None,
        Some(seconds) => Some(end(seconds, house.now())?),
    };
    Ok(NewApiKey {
        name: form.name.unwrap_or_default(),
        group_id: form.organization_id,
        permissions: form.permissions.as_ref().map(by_name).unwrap_or_default(),
        expires_at,
        prefix: form.prefix,
        rate_limit_max: limited.then(|| form.rate_limit_max.unwrap_or(RATE_MAX)),
        rate_limit_window_ms: form.rate_limit_time_window.filter(|_| limited),
        remaining: form.remaining,
        refill_amount: form.refill_amount,
        refill_interval_ms: form.refill_interval,
        metadata: metadata(house, form.metadata)?,
    })
}

/// What the client means to change about a key, in the house's words.
///
/// # Errors
/// As [`new_key`]; 400 `no_values_to_update`.
pub(super) fn key_change(
    house: &IdentityApp,
    caller: &Caller,
    key: &ApiKey,
    form: UpdateApiKey,
) -> Result<ApiKeyChange> {
    let me = sessions::present(caller)?.user;
    if form.user_id.is_some_and(|user| user.parse() != Ok(me)) {
        return Err(unauthorized_session());
    }
    check_name(form.name.as_deref())?;
    if !form.refill_amount.is_absent() || !form.refill_interval.is_absent() {
        check_refill(!form.refill_amount.is_absent(), !form.refill_interval.is_absent())?;
    }
    let metadata = match form.metadata {
        Some(value) if house.parts.settings.api_key_metadata => match metadata(house, Some(value))?
        {
            Some(map) => Patch::Set(map),
            None => Patch::Null,
        },
        _ => Patch::Absent,
    };
    let set = |value: Option<i64>| value.map_or(Patch::Absent, Patch::Set);
    let rate_limit_max = match form.rate_limit_enabled {
        Some(false) => Patch::Null,
        // A limit it has already is only switched on.
        Some(true) if form.rate_limit_max.is_none() && key.terms.rate_limit_max.is_some() => {
            Patch::Absent
        }
        Some(true) => Patch::Set(form.rate_limit_max.unwrap_or(RATE_MAX)),
        None => set(form.rate_limit_max),
    };
    let change = ApiKeyChange {
        name: form.name,
        enabled: form.enabled,
        permissions: form
            .permissions
            .sent()
            .map(|given| given.as_ref().map(by_name).unwrap_or_default()),
        expires_at: match form.expires_in {
            Patch::Absent => Patch::Absent,
            Patch::Null => Patch::Null,
            Patch::Set(seconds) => Patch::Set(end(seconds, house.now())?),
        },
        rate_limit_max,
        rate_limit_window_ms: set(form.rate_limit_time_window),
        remaining: form.remaining,
        refill_amount: form.refill_amount,
        refill_interval_ms: form.refill_interval,
        metadata,
    };
    if change.is_empty() && form.rate_limit_enabled.is_none() {
        return Err(malformed("no_values_to_update", "There is nothing to update."));
    }
    Ok(change)
}

/// A key that is still there for that client: a revoked one is deleted.
///
/// # Errors
/// 401; 404 `key_not_found`.
pub(super) async fn find(house: &IdentityApp, caller: &Caller, id: &str) -> Result<ApiKey> {
    let key = rules::find(house, caller, key_id(id)?).await?;
    if key.status == ApiKeyStatus::Revoked { Err(no_key()) } else { Ok(key) }
}

/// The keys in the order and of the page the client asks for.
pub(super) fn page(mut keys: Vec<ApiKey>, query: &ListApiKeys) -> Vec<ApiKey> {
    if let Some(by) = query.sort_by {
        keys.sort_by(|one, other| compare(one, other, by));
        if query.sort_direction == Some(SortDirection::Desc) {
            keys.reverse();
        }
    }
    let skip = query.offset.unwrap_or_default() as usize;
    let most = query.limit.map_or(usize::MAX, |limit| limit as usize);
    keys.into_iter().skip(skip).take(most).collect()
}

fn compare(one: &ApiKey, other: &ApiKey, by: SortBy) -> Ordering {
    match by {
        SortBy::CreatedAt => one.created_at.cmp(&other.created_at),
        SortBy::UpdatedAt => one.updated_at.cmp(&other.updated_at),
        SortBy::ExpiresAt => one.expires_at.cmp(&other.expires_at),
        SortBy::LastRequest => one.last_used_at.cmp(&other.last_used_at),
        SortBy::Name => one.name.cmp(&other.name),
        SortBy::Id => one.id.cmp(&other.id),
    }
}
