//! The verbs: list, find, create, change, verify, revoke sessions, delete.

use database::Tx;
use kernel::erasure::Contents;
use kernel::{Caller, Work};
use serde_json::json;
use types::{Checks, Error, Limit, Result, Time, UserId};
use uuid::Uuid;

use super::make::{self, Fresh};
use super::model::{NewUser, UserChange, UserFilter, UserRecord};
use super::office::{owner, owner_just_now, tell};
use super::{bans, reset, sql};
use crate::accounts::Ending;
use crate::{IdentityApp, accounts, sessions};

/// Characters of a search that are looked at.
const QUERY_MAX: usize = 254;

/// A page of accounts.
///
/// # Errors
/// 401, 403; 422 for a search that is too long.
pub(super) async fn list(
    house: &IdentityApp,
    caller: &Caller,
    filter: UserFilter,
    after: Option<Uuid>,
    limit: Limit,
) -> Result<Vec<UserRecord>> {
    owner(caller)?;
    if filter.q.as_ref().is_some_and(|q| q.chars().count() > QUERY_MAX) {
        let message = format!("must have at most {QUERY_MAX} characters.");
        return Err(Error::invalid("q", "too_long", message));
    }
    let now = house.now();
    house.db.unbound().read(async move |tx| sql::list(tx, &filter, after, limit, now).await).await
}

/// One account.
///
/// # Errors
/// 401, 403, 404.
pub(super) async fn find(house: &IdentityApp, caller: &Caller, id: UserId) -> Result<UserRecord> {
    owner(caller)?;
    let now = house.now();
    house.db.unbound().read(async move |tx| present(tx, id, now).await).await
}

/// The account, or 404.
pub(super) async fn present(tx: &mut Tx, id: UserId, now: Time) -> Result<UserRecord> {
    sql::find(tx, id, now).await?.ok_or_else(Error::not_found)
}

/// Makes an account for somebody; without a password they get a letter with a link to set one.
///
/// # Errors
/// 401, 403; 403 `invalid_callback_url`, and `session_not_fresh` where a password is set or an
/// address said to be theirs; 409 `user_already_exists`; 422; 503.
pub(super) async fn create(
    house: &IdentityApp,
    caller: &Caller,
    new: NewUser,
) -> Result<UserRecord> {
    if new.email_verified || new.password.is_some() {
        owner_just_now(house, caller)?;
    }
    owner(caller)?;
    let redirect = reset::target(house, new.redirect_to.as_deref())?;
    let mut fresh = Fresh::checked(&new.name, &new.email, new.image)?;
    fresh.email_verified = new.email_verified;
    if let Some(password) = &new.password {
        let passwords = &house.parts.passwords;
        passwords.check_new(password, &[&fresh.name, &fresh.email])?;
        fresh.hash = Some(passwords.hash(&house.random, password).await?);
    }
    let inside = house.clone();
    house
        .change(caller, async move |work| {
            let Some(login) = make::make(work, &inside, &fresh).await? else {
                return Err(Error::conflict(
                    "user_already_exists",
                    "Somebody with this e-mail address has an account.",
                ));
            };
            tell(work, login, "user_created_by_owner", json!({})).await?;
            let now = work.now;
            let record = present(work.tx, login.user, now).await?;
            if fresh.hash.is_none() {
                reset::mail(work, &inside, &record, &redirect).await?;
            }
            Ok(record)
        })
        .await
}

/// Changes name and standing of an account.
///
/// # Errors
/// 401, 403, 403 `session_not_fresh` where an address is said to be theirs; 404; 422.
pub(super) async fn change(
    house: &IdentityApp,
    caller: &Caller,
    id: UserId,
    change: UserChange,
) -> Result<UserRecord> {
    if change.email_verified == Some(true) {
        owner_just_now(house, caller)?;
    }
    owner(caller)?;
    let name = change.name.map(|name| name.trim().to_owned());
    if let Some(name) = &name {
        accounts::check_profile(&mut Checks::new(), Some(name), None)?;
    }
    house
        .change(caller, async move |work| {
            let now = work.now;
            let before = present(work.tx, id, now).await?;
            let name = name.as_ref().unwrap_or(&before.name);
            let verified = change.email_verified.unwrap_or(before.email_verified);
            let mut fields = Vec::new();
            if *name != before.name {
                fields.push("name");
            }
            if verified != before.email_verified {
                fields.push("emailVerified");
            }
            if fields.is_empty() {
                return Ok(before);
            }
            sql::update(work.tx, id, name, verified, now).await?;
            tell(work, before.login(), "user_changed_by_owner", json!({ "fields": fields }))
                .await?;
            present(work.tx, id, now).await
        })
        .await
}

/// Says that the address is known to be theirs.
///
/// # Errors
/// 401, 403, 403 `session_not_fresh`, 404.
pub(super) async fn verify(house: &IdentityApp, caller: &Caller, id: UserId) -> Result<UserRecord> {
    owner_just_now(house, caller)?;
    house
        .change(caller, async move |work| {
            let now = work.now;
            let before = present(work.tx, id, now).await?;
            if before.email_verified {
                return Ok(before);
            }
            sql::update(work.tx, id, &before.name, true, now).await?;
            tell(work, before.login(), "email_verified_by_owner", json!({})).await?;
            present(work.tx, id, now).await
        })
        .await
}

/// Ends every session of an account.
///
/// # Errors
/// 401, 403, 404.
pub(super) async fn revoke_sessions(
    house: &IdentityApp,
    caller: &Caller,
    id: UserId,
) -> Result<u64> {
    owner_just_now(house, caller)?;
    house
        .change(caller, async move |work| {
            let now = work.now;
            let login = present(work.tx, id, now).await?.login();
            let ended = sessions::end_all(work, login, None, "revoked_by_owner").await?;
            bans::shut_out(work, login.person).await?;
            let told = json!({ "sessions": ended });
            tell(work, login, "sessions_revoked_by_owner", told).await?;
            Ok(ended)
        })
        .await
}

/// Deletes an account, as its owner would.
///
/// # Errors
/// 401, 403, 404; 409 `own_account`, `only_owner`; what deleting refuses.
pub(super) async fn delete(house: &IdentityApp, caller: &Caller, id: UserId) -> Result<()> {
    owner_just_now(house, caller)?;
    let ending = house.ending(Contents::Keep);
    house
        .change(caller, async move |work| {
            let now = work.now;
            let record = present(work.tx, id, now).await?;
            end(work, &record, "user_deleted_by_owner", ending).await
        })
        .await
}

/// Ends an account, and tells that it was an owner of the platform who did.
///
/// # Errors
/// 409 `own_account`, `only_owner`; what deleting refuses.
pub(crate) async fn end(
    work: &mut Work<'_>,
    record: &UserRecord,
    event: &'static str,
    ending: Ending,
) -> Result<()> {
    not_oneself(work.caller, record.id)?;
    may_end(work.tx, record).await?;
    // Told first: afterwards there may be nobody's log to tell it in.
    tell(work, record.login(), event, json!({})).await?;
    accounts::remove(work, record.login(), ending).await
}

/// Whether an account may end, as far as groups depend on it.
///
/// # Errors
/// 409 `only_owner`.
pub(crate) async fn may_end(tx: &mut Tx, record: &UserRecord) -> Result<()> {
    let login = record.login();
    if record.platform_owner && !sql::has_other_owners(tx, login.person).await? {
        return Err(Error::conflict(
            "only_owner",
            "This is the only owner of the platform; name another one first.",
        ));
    }
    accounts::may_end(tx, login).await
}

/// The account of a login, if there is one.
///
/// # Errors
/// As the store.
pub(crate) async fn find_record(tx: &mut Tx, id: UserId, now: Time) -> Result<Option<UserRecord>> {
    sql::find(tx, id, now).await
}

/// Refuses what would lock the caller out.
///
/// # Errors
/// 409 `own_account`.
pub(super) fn not_oneself(caller: &Caller, id: UserId) -> Result<()> {
    if caller.user() != Some(id) {
        return Ok(());
    }
    Err(Error::conflict(
        "own_account",
        "This is your own account; ask another owner of the platform, or use your own settings.",
    ))
}
