//! A new password with the old one, and proving at a signed-in device who one is.

use kernel::mail::Letter;
use kernel::{Caller, Work};
use serde_json::json;
use types::{Error, ErrorKind, Result, Secret};

use super::model::Account;
use super::sql;
use crate::challenges::{self, Purpose};
use crate::passwords::Verdict;
use crate::sessions::{self, Device, Login, Minted, NextToken, Present, Surface};
use crate::tries::{self, Guessed};
use crate::two_factor;
use crate::{IdentityApp, audit};

/// Somebody whose password was right just now.
pub(crate) struct Proven {
    pub(crate) who: Present,
    pub(super) account: Account,
    /// The hash it was compared with.
    pub(super) hash: String,
}

/// Compares the password of whoever is signed in. Wrong ones are counted and told.
///
/// # Errors
/// 400 `invalid_password`, `credential_account_not_found`; 401; 403 `impersonating`; 429; 503.
pub(crate) async fn prove(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    password: &Secret<String>,
) -> Result<Proven> {
    let who = sessions::present(caller)?;
    sessions::not_impersonating(caller)?;
    let passwords = &house.parts.passwords;
    if passwords.check_size(password).is_err() {
        return Err(wrong());
    }
    let (account, stored) = house
        .db
        .unbound()
        .read(async move |tx| {
            let account = sql::view(tx, who.user).await?;
            Ok((account, sql::password(tx, who.user).await?))
        })
        .await?;
    let account = account.ok_or_else(Error::unauthenticated)?;
    let hash = stored.ok_or_else(no_password)?;
    let guess = tries::guess(house, device, &Guessed::User(who.user)).await?;
    match passwords.verify(&house.random, password, Some(hash.clone())).await {
        Err(error) => {
            guess.did_not_happen();
            Err(error)
        }
        Ok(Verdict::Wrong) => {
            let login = account.login();
            house
                .change(caller, async move |work| {
                    audit::tell(work, login, "password_proof_failed", json!({})).await
                })
                .await?;
            Err(wrong())
        }
        Ok(Verdict::Right | Verdict::Outdated) => {
            guess.was_right(house);
            Ok(Proven { who, account, hash })
        }
    }
}

/// A session's new token.
pub(super) struct Renewed {
    pub(super) account: Account,
    /// None where the session ended with the others.
    pub(super) token: Option<NextToken>,
}

/// Proves who one is: the session counts as fresh again and gets a new token.
///
/// # Errors
/// As [`prove`].
pub(super) async fn step_up(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    password: &Secret<String>,
) -> Result<Renewed> {
    let Proven { who, account, .. } = prove(house, caller, device, password).await?;
    let minted = Minted::new(house, Surface::Opaque, true);
    let (login, inside) = (account.login(), house.clone());
    let token = house
        .change(caller, async move |work| {
            let renewed = sessions::renew(work, &inside, who.session, &minted).await?;
            let metadata = json!({ "sessionId": who.session, "method": "password" });
            audit::tell(work, login, "user_reauthenticated", metadata).await?;
            Ok(renewed)
        })
        .await?;
    Ok(Renewed { account, token: Some(token) })
}

/// Sets a new password; the session gets a new token, the others end if that is wished. A token
/// pair that wishes that ends with them.
///
/// # Errors
/// As [`prove`]; 422 for what is wrong with the new password; 409 when it changed meanwhile.
pub(super) async fn change(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    current: &Secret<String>,
    new: &Secret<String>,
    end_others: bool,
) -> Result<Renewed> {
    // What is wrong with the new one is told before the old one is guessed at.
    house.parts.passwords.check_replacement(new, &[])?;
    let Proven { who, account, hash: old } = prove(house, caller, device, current).await?;
    house.parts.passwords.check_replacement(new, &[&account.name, &account.email])?;
    let hash = house.parts.passwords.hash(&house.random, new).await?;
    let minted = Minted::new(house, Surface::Opaque, true);
    let (inside, home) = (account.clone(), house.clone());
    let token = house
        .change(caller, async move |work| {
            if sql::password(work.tx, who.user).await?.as_ref() != Some(&old) {
                return Err(Error::conflict(
                    "password_changed_meanwhile",
                    "The password was changed at another device just now; sign in again.",
                ));
            }
            let (login, now) = (inside.login(), work.now);
            sql::set_password(work.tx, who.user, &hash, now).await?;
            two_factor::password_was_set(work, who.user, false).await?;
            let renewed = sessions::renew(work, &home, who.session, &minted).await?;
            for purpose in [Purpose::PasswordReset, Purpose::SecondFactor] {
                challenges::revoke_of(work.tx, purpose, who.user).await?;
            }
            two_factor::forget_devices(work.tx, who.user).await?;
            if end_others {
                // Nobody can tell whether this pair's refresh token has a copy: it ends too.
                let except = renewed.remember.map(|_| who.session);
                sessions::end_all(work, login, except, "password_changed").await?;
            }
            told(work, &inside, login).await?;
            let goes_on = renewed.remember.is_some() || !end_others;
            Ok(goes_on.then_some(renewed))
        })
        .await?;
    Ok(Renewed { account, token })
}

async fn told(work: &mut Work<'_>, account: &Account, login: Login) -> Result<()> {
    work.post(&changed_letter(account)).await?;
    audit::tell(work, login, "password_changed", json!({})).await
}

/// Tells somebody that their password is another one.
pub(super) fn changed_letter(account: &Account) -> Letter {
    Letter::new("password_changed", &account.email).name(&account.name)
}

fn wrong() -> Error {
    Error::new(ErrorKind::Malformed, "invalid_password", "This is not your password.")
}

fn no_password() -> Error {
    Error::new(
        ErrorKind::Malformed,
        "credential_account_not_found",
        "This account has no password yet; ask for one with `/v1/auth/request-password-reset`.",
    )
}
