//! The verbs of whoever is signed in: turn on, turn off, show again, make new backup codes.

use kernel::mail::Letter;
use kernel::vault::Slot;
use kernel::{Caller, Work};
use serde_json::json;
use types::{Checks, Error, ErrorKind, Result, Secret, UserId};

use super::model::{EnableTwoFactor, EnabledTwoFactor, Method};
use super::{codes, devices, sql};
use crate::IdentityApp;
use crate::accounts::{self, Account};
use crate::audit;
use crate::challenges::{self, Purpose};
use crate::sessions::{Device, Login, Present, fresh, not_impersonating, present};

const ISSUER_MAX: usize = 64;

/// Whoever calls, once they showed their password; an account without one shows a fresh session.
///
/// # Errors
/// 401 for nobody; 400 `invalid_password`; 429 after too many wrong ones; 403
/// `session_not_fresh` and `impersonating`.
async fn proven(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    password: Option<&Secret<String>>,
) -> Result<Present> {
    let who = present(caller)?;
    not_impersonating(caller)?;
    let stored =
        house.db.unbound().read(async move |tx| sql::password_hash(tx, who.user).await).await?;
    if stored.is_none() {
        return fresh(house, caller);
    }
    let password = password.ok_or_else(invalid_password)?;
    Ok(accounts::prove(house, caller, device, password).await?.who)
}

/// Turns the second factor on; an app counts once its first code was seen.
///
/// # Errors
/// As [`proven`]; 422 for the issuer; 400 `totp_already_enabled`; 403 `email_not_verified`.
pub(super) async fn enable(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    form: EnableTwoFactor,
) -> Result<EnabledTwoFactor> {
    let mut checks = Checks::new();
    if let Some(issuer) = &form.issuer {
        checks.text("/issuer", issuer, 1, ISSUER_MAX);
    }
    checks.done()?;
    let user = proven(house, caller, device, form.password.as_ref()).await?.user;
    match form.method {
        Method::Totp => enable_totp(house, caller, user, form.issuer).await,
        Method::Otp => enable_otp(house, caller, user).await,
    }
}

async fn enable_totp(
    house: &IdentityApp,
    caller: &Caller,
    user: UserId,
    issuer: Option<String>,
) -> Result<EnabledTwoFactor> {
    let issuer = issuer.unwrap_or_else(|| house.parts.settings.service_name.clone());
    let seed = Secret::new(house.random.bytes::<{ codes::SEED_BYTES }>());
    let new = Secret::new(codes::backup_codes(&house.random));
    let inside = house.clone();
    house
        .change(caller, async move |work| {
            let (account, login) = account(work, user).await?;
            let now = work.now;
            let sealed = inside.vault.seal(work.tx, now, slot(login), seed.reveal()).await?;
            if !sql::put(work.tx, user, &sealed, now).await? {
                return Err(refused(
                    "totp_already_enabled",
                    "An authenticator app is set up already; turn the second factor off first.",
                ));
            }
            replace_codes(work, &inside, login, new.reveal()).await?;
            Ok(EnabledTwoFactor {
                method: Method::Totp,
                totp_uri: Some(codes::totp_uri(seed.reveal(), &issuer, &account.email)?),
                backup_codes: Some(new.reveal().clone()),
            })
        })
        .await
}

/// A code that is mailed needs no setting up, but an address that is known to be read.
async fn enable_otp(
    house: &IdentityApp,
    caller: &Caller,
    user: UserId,
) -> Result<EnabledTwoFactor> {
    house
        .change(caller, async move |work| {
            let (account, login) = account(work, user).await?;
            if !account.email_verified {
                return Err(Error::new(
                    ErrorKind::Forbidden,
                    "email_not_verified",
                    "Codes would go to an address nobody has verified yet; verify it first.",
                ));
            }
            if !switch_on(work, &account, login, Method::Otp).await? {
                work.silently();
            }
            Ok(EnabledTwoFactor { method: Method::Otp, totp_uri: None, backup_codes: None })
        })
        .await
}

/// Says that signing in takes a second factor from now on, and tells so; false when it did.
pub(super) async fn switch_on(
    work: &mut Work<'_>,
    account: &Account,
    login: Login,
    method: Method,
) -> Result<bool> {
    let now = work.now;
    let switched = sql::set_enabled(work.tx, login.user, true, now).await?;
    if switched || method == Method::Totp {
        devices::forget(work.tx, login.user).await?;
        audit::tell(work, login, "two_factor_enabled", json!({ "method": method })).await?;
        notice(work, account, "enabled").await?;
    }
    Ok(switched)
}

/// Turns it off, with everything that belongs to it.
///
/// # Errors
/// As [`proven`].
pub(super) async fn disable(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    password: Option<&Secret<String>>,
) -> Result<()> {
    let user = proven(house, caller, device, password).await?.user;
    house
        .change(caller, async move |work| {
            let (account, login) = account(work, user).await?;
            let now = work.now;
            sql::delete(work.tx, user).await?;
            sql::delete_codes(work.tx, user).await?;
            devices::forget(work.tx, user).await?;
            challenges::revoke_of(work.tx, Purpose::SecondFactor, user).await?;
            challenges::revoke_of(work.tx, Purpose::EmailCode, user).await?;
            if !sql::set_enabled(work.tx, user, false, now).await? {
                work.silently();
                return Ok(());
            }
            audit::tell(work, login, "two_factor_disabled", json!({})).await?;
            notice(work, &account, "disabled").await
        })
        .await
}

/// What an authenticator app needs, again.
///
/// # Errors
/// As [`proven`]; 400 `totp_not_enabled`.
pub(super) async fn totp_uri(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    password: Option<&Secret<String>>,
) -> Result<String> {
    let user = proven(house, caller, device, password).await?.user;
    let inside = house.clone();
    house
        .db
        .unbound()
        .read(async move |tx| {
            let account = accounts::view(tx, user).await?.ok_or_else(Error::unauthenticated)?;
            let stored = sql::find(tx, user).await?.ok_or_else(totp_not_enabled)?;
            let seed = inside.vault.open(tx, slot(account.login()), &stored.secret).await?;
            codes::totp_uri(seed.reveal(), &inside.parts.settings.service_name, &account.email)
        })
        .await
}

/// Replaces all backup codes.
///
/// # Errors
/// As [`proven`]; 400 `two_factor_not_enabled`.
pub(super) async fn new_backup_codes(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    password: Option<&Secret<String>>,
) -> Result<Vec<String>> {
    let user = proven(house, caller, device, password).await?.user;
    let (inside, new) = (house.clone(), Secret::new(codes::backup_codes(&house.random)));
    house
        .change(caller, async move |work| {
            let (account, login) = account(work, user).await?;
            if !account.two_factor_enabled {
                return Err(refused(
                    "two_factor_not_enabled",
                    "Turn the second factor on first; its backup codes come with it.",
                ));
            }
            replace_codes(work, &inside, login, new.reveal()).await?;
            notice(work, &account, "backup_codes_generated").await?;
            Ok(new.reveal().clone())
        })
        .await
}

async fn replace_codes(
    work: &mut Work<'_>,
    house: &IdentityApp,
    login: Login,
    new: &[String],
) -> Result<()> {
    sql::delete_codes(work.tx, login.user).await?;
    for code in new {
        let hash = codes::backup_hash(&house.keys, login.user, code);
        sql::insert_code(work.tx, login.user, &hash).await?;
    }
    audit::tell(work, login, "backup_codes_generated", json!({ "count": new.len() })).await
}

/// Writes to the owner what changed, so that somebody else's change does not stay unnoticed.
pub(super) async fn notice(work: &mut Work<'_>, account: &Account, change: &str) -> Result<()> {
    let letter = Letter::new("two_factor_changed", &account.email).name(&account.name);
    work.post(&letter.fact("change", change)).await
}

pub(super) async fn account(work: &mut Work<'_>, user: UserId) -> Result<(Account, Login)> {
    let account = accounts::view(work.tx, user).await?.ok_or_else(Error::unauthenticated)?;
    let login = account.login();
    Ok((account, login))
}

/// Remembers that a password was set by a mailed link, or by somebody who knew the one before:
/// after the former an app or a backup code is asked for where there is an app, and no mailed code.
///
/// # Errors
/// As the store.
pub(crate) async fn password_was_set(
    work: &mut Work<'_>,
    user: UserId,
    mailed: bool,
) -> Result<()> {
    sql::note_mailed(work.tx, user, mailed).await
}

/// Where an app's seed is sealed.
pub(super) fn slot(login: Login) -> Slot<'static> {
    Slot {
        purpose: "totp",
        tenant: login.home.0,
        owner: login.user.0,
        object: login.user.0,
        field: "secret",
        version: 0,
    }
}

pub(super) fn refused(code: &'static str, sentence: &'static str) -> Error {
    Error::new(ErrorKind::Malformed, code, sentence)
}

pub(super) fn totp_not_enabled() -> Error {
    refused("totp_not_enabled", "No authenticator app is set up for this account.")
}

fn invalid_password() -> Error {
    refused("invalid_password", "The password is wrong.")
}
