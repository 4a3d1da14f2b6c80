//! The verbs that change a key: change, rotate.

use std::time::Duration;

use kernel::Caller;
use kernel::access::{Right, Rights, Standing};
use serde_json::json;
use types::{ApiKeyId, Checks, Error, ErrorKind, Json, Result, Time};

use super::model::{ApiKey, ApiKeyChange, ApiKeyStatus, CreatedApiKey, Terms};
use super::rules::{reach, require_covered, require_maker, require_maker_just_now, tell};
use super::terms::{self, NAME_MAX};
use super::{sql, text};
use crate::token::sha256;
use crate::{IdentityApp, sessions};

/// A year.
const GRACE_HOURS_MAX: u32 = 8_760;

/// What is to be written, checked as far as it can be without the key.
struct Checked {
    name: Option<String>,
    permissions: Option<(Json, Rights)>,
    expires_at: Option<Time>,
    metadata: Option<Option<Json>>,
    rest: ApiKeyChange,
    /// The names of the fields, for the log.
    fields: Vec<&'static str>,
}

/// Changes a key; whatever it may do more must be the caller's to give, who proved who they are a
/// short while ago: as for a new key.
///
/// # Errors
/// 401; 403 `session_not_fresh`, and for an API key, without `api_keys:delete` unless one made it, for more permissions
/// than somebody else gave their key, or for those the caller does not have; 404; 409 when it was
/// revoked; 422.
pub(super) async fn change(
    house: &IdentityApp,
    caller: &Caller,
    id: ApiKeyId,
    change: ApiKeyChange,
) -> Result<ApiKey> {
    let mut checks = Checks::new();
    if let Some(name) = &change.name {
        checks.text("/name", name.trim(), 1, NAME_MAX);
    }
    require_maker(caller)?;
    let checked = check(change, house.now(), house.api_key_end(house.now()), checks)?;
    let inside = house.clone();
    house
        .change(caller, async move |work| {
            let now = work.now;
            let (mut key, place, mine) = reach(work.tx, work.caller, id, now).await?;
            require_may_change(&key, &place, mine)?;
            if checked.gives_more_than(&key) {
                sessions::fresh(&inside, work.caller)?;
            }
            apply(&mut key, &checked, &place, mine)?;
            if checked.fields.is_empty() {
                work.silently();
                return Ok(key);
            }
            key.updated_at = now;
            sql::update(work.tx, &key).await?;
            work.after_commit(move |app| app.identities.forget_key(id));
            let metadata = json!({ "fields": checked.fields, "permissions": &key.permissions });
            tell(work, "api_key_updated", &key, metadata).await?;
            sql::find(work.tx, id, now).await?.ok_or_else(Error::not_found)
        })
        .await
}

impl Checked {
    /// Whether the key may do more, or for longer.
    fn gives_more_than(&self, key: &ApiKey) -> bool {
        let had = Rights::stored(&key.permissions);
        let longer = |end: Time| key.expires_at.is_some_and(|before| end > before);
        self.permissions.as_ref().is_some_and(|(_, rights)| !had.covers(*rights))
            || self.expires_at.is_some_and(longer)
    }
}

fn require_may_change(key: &ApiKey, place: &Standing, mine: bool) -> Result<()> {
    if !mine {
        place.require(Right::ApiKeysDelete)?;
    }
    if key.status == ApiKeyStatus::Revoked {
        return Err(Error::conflict("api_key_revoked", "This key was revoked; make a new one."));
    }
    Ok(())
}

fn check(change: ApiKeyChange, now: Time, end: Time, mut checks: Checks) -> Result<Checked> {
    let name = change.name.as_deref().map(str::trim).map(str::to_owned);
    let expires_at = change.expires_at.sent().map(|given| given.unwrap_or(end));
    checks.that(
        expires_at.is_none_or(|end| end > now),
        "/expiresAt",
        "in_the_past",
        "must be in the future.",
    );
    if let Some(permissions) = &change.permissions {
        terms::check_permissions(permissions, &mut checks);
    }
    let metadata = match change.metadata.clone().sent() {
        None => None,
        Some(map) => Some(terms::metadata(map.as_ref(), &mut checks)?),
    };
    checks.done()?;
    let permissions = match &change.permissions {
        None => None,
        Some(names) => Some((Json::of(names)?, Rights::parse(names, "/permissions")?)),
    };
    let sent = [
        ("name", name.is_some()),
        ("enabled", change.enabled.is_some()),
        ("permissions", permissions.is_some()),
        ("expiresAt", expires_at.is_some()),
        ("rateLimitMax", !change.rate_limit_max.is_absent()),
        ("rateLimitWindowMs", !change.rate_limit_window_ms.is_absent()),
        ("remaining", !change.remaining.is_absent()),
        ("refillAmount", !change.refill_amount.is_absent()),
        ("refillIntervalMs", !change.refill_interval_ms.is_absent()),
        ("metadata", metadata.is_some()),
    ];
    let fields = sent.into_iter().filter(|(_, sent)| *sent).map(|(name, _)| name).collect();
    Ok(Checked { name, permissions, expires_at, metadata, rest: change, fields })
}

fn apply(key: &mut ApiKey, change: &Checked, place: &Standing, mine: bool) -> Result<()> {
    if let Some(name) = &change.name {
        key.name.clone_from(name);
    }
    if let Some((names, rights)) = &change.permissions {
        let had = Rights::stored(&key.permissions);
        if !had.covers(*rights) {
            // Whoever holds it acts with its maker's rights, which may be more than the caller's.
            if !mine {
                return Err(not_the_maker("give it more permissions"));
            }
            require_covered(place, *rights)?;
        }
        key.permissions = names.clone();
    }
    if let Some(metadata) = &change.metadata {
        key.metadata.clone_from(metadata);
    }
    key.expires_at = change.expires_at.or(key.expires_at);
    let rest = &change.rest;
    key.enabled = rest.enabled.unwrap_or(key.enabled);
    key.terms = Terms {
        rate_limit_max: rest.rate_limit_max.apply(key.terms.rate_limit_max),
        rate_limit_window_ms: rest.rate_limit_window_ms.apply(key.terms.rate_limit_window_ms),
        remaining: rest.remaining.apply(key.terms.remaining),
        refill_amount: rest.refill_amount.apply(key.terms.refill_amount),
        refill_interval_ms: rest.refill_interval_ms.apply(key.terms.refill_interval_ms),
    }
    .settled();
    let mut checks = Checks::new();
    key.terms.check(&mut checks);
    checks.done()
}

/// Gives a key another text and shows it, this once; the one it had stays good for a while. Only
/// its maker may: whoever has the new text acts with its maker's rights.
///
/// # Errors
/// 401; 403 `session_not_fresh`, for an API key and for who did not make it; 404; 409 when it was revoked; 422.
pub(super) async fn rotate(
    house: &IdentityApp,
    caller: &Caller,
    id: ApiKeyId,
    grace_hours: Option<u32>,
) -> Result<CreatedApiKey> {
    require_maker_just_now(house, caller)?;
    let hours = grace_hours.unwrap_or(house.parts.settings.api_key_grace_hours);
    let mut checks = Checks::new();
    let sentence = format!("must be 0 to {GRACE_HOURS_MAX}.");
    checks.that(hours <= GRACE_HOURS_MAX, "/graceHours", "out_of_range", sentence);
    checks.done()?;
    let grace = Duration::from_secs(u64::from(hours) * 3_600);
    let random = house.random.clone();
    house
        .change(caller, async move |work| {
            let now = work.now;
            let (mut key, _, mine) = reach(work.tx, work.caller, id, now).await?;
            if !mine {
                return Err(not_the_maker("rotate it"));
            }
            if key.status == ApiKeyStatus::Revoked {
                return Err(Error::conflict(
                    "api_key_revoked",
                    "This key was revoked; make a new one.",
                ));
            }
            let text = text::make(&random, key.prefix.as_deref().unwrap_or_default());
            text::start(&text).clone_into(&mut key.key_start);
            let until = (hours > 0).then(|| now.after(grace));
            (key.updated_at, key.old_key_until) = (now, until);
            sql::rotate(work.tx, &key, &sha256(&text), until).await?;
            work.after_commit(move |app| app.identities.forget_key(id));
            tell(work, "api_key_rotated", &key, json!({ "oldKeyUntil": until })).await?;
            Ok(CreatedApiKey { record: key, key: text })
        })
        .await
}

fn not_the_maker(what: &str) -> Error {
    let said = format!("Only who made a key may {what}; revoke it and make one of your own.");
    Error::new(ErrorKind::Forbidden, "not_the_maker", said)
}
