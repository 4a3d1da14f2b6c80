//! The verbs: create, list, revoke.

use std::time::Duration;

use kernel::Caller;
use kernel::access::{self, Right, Rights};
use serde_json::json;
use types::{ApiKeyId, Checks, Error, Json, Limit, Result};
use uuid::Uuid;

use super::model::{ApiKey, ApiKeyFilter, ApiKeyStatus, CreatedApiKey, NewApiKey};
use super::{sql, text};
use crate::IdentityApp;
use crate::token::sha256;

const NAME_MAX: usize = 100;
/// More names than there are rights say nothing new.
const PERMISSIONS_MAX: usize = 64;

/// Makes a key with some of the caller's own rights.
///
/// # Errors
/// 403 for an API key, for a lack of `api_keys:create` or for permissions the caller does not
/// have; 404; 409 when the group has too many; 422.
pub(super) async fn create(
    house: &IdentityApp,
    caller: &Caller,
    new: NewApiKey,
) -> Result<CreatedApiKey> {
    access::require_known(caller)?;
    if caller.identity().key.is_some() {
        return Err(Error::forbidden(
            "An API key cannot make API keys; sign in as a person to make one.",
        ));
    }
    let Some(me) = caller.person() else { return Err(Error::unauthenticated()) };
    let (now, settings) = (house.now(), &house.parts.settings);
    let end = now.after(Duration::from_secs(u64::from(settings.api_key_days) * 86_400));
    let (name, end) = (new.name.trim().to_owned(), new.expires_at.unwrap_or(end));
    let mut checks = Checks::new();
    checks
        .text("/name", &name, 1, NAME_MAX)
        .that(
            new.permissions.len() <= PERMISSIONS_MAX,
            "/permissions",
            "too_long",
            format!("must have at most {PERMISSIONS_MAX} names."),
        )
        .that(end > now, "/expiresAt", "in_the_past", "must be in the future.");
    checks.done()?;
    let rights = Rights::parse(&new.permissions, "/permissions")?;
    let permissions = Json::of(&new.permissions)?;
    let key = text::make(&house.random);
    let (hash, start, most) =
        (sha256(&key), text::start(&key).to_owned(), settings.api_keys_per_group);
    let group = new.group_id;

    let record = house
        .change(caller, async move |work| {
            let now = work.now;
            let place = access::standing_to_change(work.tx, work.caller, group).await?;
            place.require(Right::ApiKeysCreate)?;
            if !place.rights.covers(rights) {
                return Err(Error::forbidden(
                    "A key cannot have permissions that you do not have in this group yourself.",
                ));
            }
            if sql::count_live(work.tx, group, now).await? >= i64::from(most) {
                return Err(Error::conflict(
                    "too_many_api_keys",
                    format!("This group has {most} live API keys; revoke one first."),
                ));
            }
            let record = ApiKey {
                id: ApiKeyId(work.id()),
                group_id: group,
                creator_id: me,
                name: name.clone(),
                permissions: permissions.clone(),
                key_start: start.clone(),
                created_at: now,
                expires_at: Some(end),
                last_used_at: None,
                status: ApiKeyStatus::Active,
            };
            sql::insert(work.tx, &record, &hash).await?;
            let metadata = Json::of(&json!({
                "keyId": record.id,
                "name": &record.name,
                "permissions": &record.permissions,
            }))?;
            work.announce(group, "api_key_created", record.id, &metadata).await?;
            Ok(record)
        })
        .await?;
    Ok(CreatedApiKey { record, key })
}

/// The keys of a group.
///
/// # Errors
/// 401, 403 without `api_keys:read`, 404.
pub(super) async fn list(
    house: &IdentityApp,
    caller: &Caller,
    filter: &ApiKeyFilter,
    after: Option<Uuid>,
    limit: Limit,
) -> Result<Vec<ApiKey>> {
    let (caller, group, sort, now) = (caller.clone(), filter.group_id, filter.sort, house.now());
    house
        .db
        .read(async move |tx| {
            let place = access::standing(tx, &caller, group).await?;
            place.require(Right::ApiKeysRead)?;
            sql::list(tx, group, sort, after, limit, now).await
        })
        .await
}

/// Ends a key with the next request; ending it again changes nothing. An archived group does not
/// keep a key alive.
///
/// # Errors
/// 401, 403 without `api_keys:delete`, 404 for who may not know of the key.
pub(super) async fn revoke(house: &IdentityApp, caller: &Caller, id: ApiKeyId) -> Result<()> {
    access::require_known(caller)?;
    house
        .change(caller, async move |work| {
            let found = sql::find(work.tx, id).await?;
            let Some((group, name, permissions, revoked_at)) = found else {
                return Err(Error::not_found());
            };
            let place = access::standing(work.tx, work.caller, group).await?;
            if !place.rights.has(Right::ApiKeysRead) && !place.rights.has(Right::ApiKeysDelete) {
                return Err(Error::not_found());
            }
            place.require(Right::ApiKeysDelete)?;
            let now = work.now;
            if revoked_at.is_some() || !sql::revoke(work.tx, group, id, now).await? {
                work.silently();
                return Ok(());
            }
            work.after_commit(move |app| app.identities.forget_key(id));
            let metadata =
                Json::of(&json!({ "keyId": id, "name": name, "permissions": permissions }))?;
            work.announce(group, "api_key_revoked", id, &metadata).await
        })
        .await
}
