//! A new password without the old one, by a mailed link.
//!
//! Opening the link spends nothing; posting the new password does. Whoever does it has the mailbox,
//! so the address is proven, and everybody who is signed in is signed out.

use kernel::Caller;
use serde_json::json;
use types::{Error, ErrorKind, Result, Secret};

use super::model::Account;
use super::{password_change, prove_address, sql};
use crate::challenges::{self, Purpose};
use crate::sessions::{self, Device};
use crate::tries;
use crate::{IdentityApp, audit, two_factor};

/// Whose link this is, if it is still good; it stays so.
///
/// # Errors
/// As the store.
pub(super) async fn look(house: &IdentityApp, token: &str) -> Result<Option<Account>> {
    let (inside, token, now) = (house.clone(), token.to_owned(), house.now());
    house
        .db
        .unbound()
        .read(async move |tx| {
            let purpose = Purpose::PasswordReset;
            let found = challenges::look(tx, &inside, purpose, &token, now).await?;
            match found.and_then(|found| found.user) {
                None => Ok(None),
                Some(user) => sql::view(tx, user).await,
            }
        })
        .await
}

/// Sets the password.
///
/// # Errors
/// 400 `invalid_token`; 422 for what is wrong with the password; 429; 503.
pub(super) async fn complete(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    token: &str,
    password: &Secret<String>,
) -> Result<()> {
    tries::count(house, "tries", device)?;
    house.parts.passwords.check_replacement(password, &[])?;
    // Only a good link costs a hash.
    let account = look(house, token).await?.ok_or_else(invalid)?;
    house.parts.passwords.check_replacement(password, &[&account.name, &account.email])?;
    let hash = house.parts.passwords.hash(&house.random, password).await?;
    let (inside, token) = (house.clone(), token.to_owned());
    house
        .change_unbound(caller, async move |work| {
            let now = work.now;
            let purpose = Purpose::PasswordReset;
            let taken = challenges::take(work.tx, &inside, purpose, &token, now).await?;
            let user = taken.and_then(|taken| taken.user).ok_or_else(invalid)?;
            let account = sql::view(work.tx, user).await?.ok_or_else(invalid)?;
            let login = account.login();
            prove_address(work, login, None).await?;
            if !sql::set_password(work.tx, user, &hash, now).await? {
                let id = work.id();
                sql::insert_password(work.tx, id, user, &hash, now).await?;
            }
            two_factor::password_was_set(work, user, true).await?;
            sessions::end_all(work, login, None, "password_reset").await?;
            challenges::revoke_of(work.tx, purpose, user).await?;
            work.post(&password_change::changed_letter(&account)).await?;
            audit::tell(work, login, "password_reset_completed", json!({})).await
        })
        .await
}

/// The one answer to a link that is unknown, spent or too old.
pub(super) fn invalid() -> Error {
    Error::new(
        ErrorKind::Malformed,
        "invalid_token",
        "This link is not valid, has expired or was used before; ask for a new one.",
    )
}
