//! The verbs: create, list, find, revoke. Those that change a key are in `change`.

use std::time::Duration;

use database::Tx;
use kernel::access::{self, Right, Rights, Standing};
use kernel::{Caller, Work};
use serde_json::json;
use types::{ApiKeyId, Checks, Error, ErrorKind, GroupId, Json, Limit, PersonId, Result, Time};
use uuid::Uuid;

use super::model::{ApiKey, ApiKeyFilter, ApiKeyStatus, CreatedApiKey, NewApiKey, Terms};
use super::terms::{self, NAME_MAX};
use super::{sql, text};
use crate::token::sha256;
use crate::{IdentityApp, sessions};

/// Keys listed for the better-auth client at most.
const SHOWN: i64 = 1_000;

impl IdentityApp {
    /// When a key ends that does not say so.
    pub(super) fn api_key_end(&self, now: Time) -> Time {
        let days = u64::from(self.parts.settings.api_key_days);
        now.after(Duration::from_secs(days * 86_400))
    }
}

/// Refuses whoever is nobody, an API key, or acts as somebody else: a key makes and changes no
/// keys.
///
/// # Errors
/// 401; 403.
pub(super) fn require_maker(caller: &Caller) -> Result<()> {
    access::require_known(caller)?;
    if caller.identity().key.is_some() {
        return Err(Error::forbidden(
            "An API key cannot make or change API keys; sign in as a person.",
        ));
    }
    sessions::not_impersonating(caller)
}

/// The same, if they proved who they are a short while ago: a key outlives the session it was made
/// in, so a stolen old cookie must not be enough for one.
///
/// # Errors
/// As [`require_maker`]; 403 `session_not_fresh`.
pub(super) fn require_maker_just_now(house: &IdentityApp, caller: &Caller) -> Result<()> {
    require_maker(caller)?;
    sessions::fresh(house, caller).map(|_| ())
}

/// Makes a key with some of the caller's own rights.
///
/// # Errors
/// 403 `session_not_fresh`, and for an API key, for a lack of `api_keys:create` or for permissions the caller does not
/// have; 404; 409 when the group has too many; 422.
pub(super) async fn create(
    house: &IdentityApp,
    caller: &Caller,
    new: NewApiKey,
) -> Result<CreatedApiKey> {
    let mut checks = Checks::new();
    checks.text("/name", new.name.trim(), 1, NAME_MAX);
    create_named(house, caller, new, checks).await
}

/// The same, whatever its name is.
///
/// # Errors
/// As [`create`].
pub(super) async fn create_named(
    house: &IdentityApp,
    caller: &Caller,
    new: NewApiKey,
    checks: Checks,
) -> Result<CreatedApiKey> {
    require_maker_just_now(house, caller)?;
    let (draft, rights, key) = draft(house, caller, new, checks)?;
    let (hash, most, record) =
        (sha256(&key), house.parts.settings.api_keys_per_group, draft.clone());
    house
        .change(caller, async move |work| {
            let (now, group) = (work.now, draft.group_id);
            let place = access::standing_to_change(work.tx, work.caller, group).await?;
            place.require(Right::ApiKeysCreate)?;
            require_covered(&place, rights)?;
            if sql::count_live(work.tx, group, now).await? >= i64::from(most) {
                return Err(Error::conflict(
                    "too_many_api_keys",
                    format!("This group has {most} live API keys; revoke one first."),
                ));
            }
            sql::insert(work.tx, &draft, &hash).await?;
            tell(work, "api_key_created", &draft, json!({ "permissions": &draft.permissions }))
                .await
        })
        .await?;
    Ok(CreatedApiKey { record, key })
}

/// A key as it is about to be stored, what it may do, and its text.
fn draft(
    house: &IdentityApp,
    caller: &Caller,
    new: NewApiKey,
    mut checks: Checks,
) -> Result<(ApiKey, Rights, String)> {
    let Some(me) = caller.person() else { return Err(Error::unauthenticated()) };
    let home = caller.personal_group();
    let group = new.group_id.or(home).ok_or_else(Error::unauthenticated)?;
    let now = house.now();
    let end = new.expires_at.unwrap_or_else(|| house.api_key_end(now));
    let own_terms = Terms {
        rate_limit_max: new.rate_limit_max,
        rate_limit_window_ms: new.rate_limit_window_ms,
        remaining: new.remaining,
        refill_amount: new.refill_amount,
        refill_interval_ms: new.refill_interval_ms,
    };
    let own_terms = own_terms.settled();
    own_terms.check(&mut checks);
    terms::check_prefix(new.prefix.as_deref(), &mut checks);
    terms::check_permissions(&new.permissions, &mut checks);
    checks.that(end > now, "/expiresAt", "in_the_past", "must be in the future.");
    let metadata = terms::metadata(new.metadata.as_ref(), &mut checks)?;
    checks.done()?;
    let rights = Rights::parse(&new.permissions, "/permissions")?;
    let key = text::make(&house.random, new.prefix.as_deref().unwrap_or_default());
    let draft = ApiKey {
        id: ApiKeyId(house.id(now)),
        group_id: group,
        creator_id: me,
        name: new.name.trim().to_owned(),
        permissions: Json::of(&new.permissions)?,
        key_start: text::start(&key).to_owned(),
        prefix: new.prefix,
        personal: home == Some(group),
        enabled: true,
        terms: own_terms,
        last_refill_at: None,
        request_count: 0,
        metadata,
        created_at: now,
        updated_at: now,
        expires_at: Some(end),
        last_used_at: None,
        old_key_until: None,
        status: ApiKeyStatus::Active,
    };
    Ok((draft, rights, key))
}

/// Refuses rights that whoever gives them does not have.
pub(super) fn require_covered(place: &Standing, rights: Rights) -> Result<()> {
    if place.rights.covers(rights) {
        return Ok(());
    }
    Err(Error::forbidden(
        "A key cannot have permissions that you do not have in this group yourself.",
    ))
}

/// Tells the log of the key's group; a personal key's is nobody else's.
pub(super) async fn tell(
    work: &mut Work<'_>,
    kind: &'static str,
    key: &ApiKey,
    mut metadata: serde_json::Value,
) -> Result<()> {
    metadata["keyId"] = json!(key.id);
    work.announce(key.group_id, kind, key.id, &Json::of(&metadata)?).await
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
    access::require_known(caller)?;
    let group = filter.group_id.or(caller.personal_group()).ok_or_else(Error::not_found)?;
    let (caller, sort, now) = (caller.clone(), filter.sort, house.now());
    house
        .store(&caller)
        .read(async move |tx| {
            let place = access::standing(tx, &caller, group).await?;
            place.require(Right::ApiKeysRead)?;
            sql::list(tx, group, caller.person(), sort, after, limit, now).await
        })
        .await
}

/// The keys of the caller alone, or those of a group, as far as nobody revoked them.
///
/// # Errors
/// 401 for nobody and for an API key; 403 without `api_keys:read`; 404.
pub(super) async fn owned(
    house: &IdentityApp,
    caller: &Caller,
    group: Option<GroupId>,
) -> Result<Vec<ApiKey>> {
    let who = sessions::present(caller)?;
    let home = caller.personal_group().ok_or_else(Error::unauthenticated)?;
    let group = group.filter(|group| *group != home);
    let (caller, now) = (caller.clone(), house.now());
    house
        .store(&caller)
        .read(async move |tx| {
            let Some(group) = group else {
                return sql::standing(tx, home, true, Some(who.person), SHOWN, now).await;
            };
            let place = access::standing(tx, &caller, group).await?;
            place.require(Right::ApiKeysRead)?;
            sql::standing(tx, group, false, None, SHOWN, now).await
        })
        .await
}

/// One key.
///
/// # Errors
/// 401; 404 for who may not know of it.
pub(super) async fn find(house: &IdentityApp, caller: &Caller, id: ApiKeyId) -> Result<ApiKey> {
    access::require_known(caller)?;
    let (caller, now) = (caller.clone(), house.now());
    let found =
        house.store(&caller).read(async move |tx| reach(tx, &caller, id, now).await).await?;
    Ok(found.0)
}

/// A key, the caller's place in its group, and whether they made it. Who made one reaches it even
/// after leaving its group.
pub(super) async fn reach(
    tx: &mut Tx,
    caller: &Caller,
    id: ApiKeyId,
    now: Time,
) -> Result<(ApiKey, Standing, bool)> {
    let key = tx.beyond(async |tx| sql::find(tx, id, now).await).await?;
    let key = key.ok_or_else(Error::not_found)?;
    let maker = caller.person() == Some(key.creator_id);
    let mine = maker && caller.identity().key.is_none();
    let place = match access::standing(tx, caller, key.group_id).await {
        Err(error) if mine && error.kind() == ErrorKind::NotFound => {
            Standing { group: key.group_id, rights: Rights::NONE, role: None, owns: false }
        }
        place => place?,
    };
    let knows = place.rights.has(Right::ApiKeysRead) || place.rights.has(Right::ApiKeysDelete);
    if mine || (knows && (maker || !key.personal)) {
        tx.enter([key.group_id]);
        return Ok((key, place, mine));
    }
    Err(Error::not_found())
}

/// Ends a key with the next request; ending it again changes nothing. An archived group does not
/// keep a key alive.
///
/// # Errors
/// 401; 403 without `api_keys:delete`, unless one made it, and for an API key; 404 for who may not
/// know of the key.
pub(super) async fn revoke(house: &IdentityApp, caller: &Caller, id: ApiKeyId) -> Result<()> {
    require_maker(caller)?;
    house
        .change(caller, async move |work| {
            let now = work.now;
            let (key, place, mine) = reach(work.tx, work.caller, id, now).await?;
            if !mine {
                place.require(Right::ApiKeysDelete)?;
            }
            if !sql::revoke(work.tx, key.group_id, id, now).await? {
                work.silently();
                return Ok(());
            }
            work.after_commit(move |app| app.identities.forget_key(id));
            tell(work, "api_key_revoked", &key, json!({ "permissions": &key.permissions })).await
        })
        .await
}

/// Ends the live keys somebody made, all or those made after a moment, and tells the logs of their
/// groups; how many.
///
/// # Errors
/// As the store.
pub(crate) async fn revoke_of(
    work: &mut Work<'_>,
    person: PersonId,
    since: Option<Time>,
) -> Result<usize> {
    let (now, since) = (work.now, since.unwrap_or(Time::from_micros(0)));
    let revoke = async |tx: &mut Tx| sql::revoke_of(tx, person, since, now).await;
    let keys = work.tx.beyond(revoke).await?;
    work.tx.enter(keys.iter().map(|(_, group)| *group));
    for (id, group) in &keys {
        let (id, metadata) = (*id, Json::of(&json!({ "keyId": id }))?);
        work.after_commit(move |app| app.identities.forget_key(id));
        work.announce(*group, "api_key_revoked", id, &metadata).await?;
    }
    Ok(keys.len())
}
