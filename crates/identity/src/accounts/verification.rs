//! Proving an address by a mailed link, the first one and a new one.
//!
//! At a device that is signed in to the account, and where nobody can sign in before, a link confirms
//! the sign-up, password and all. Else it is the owner of the mailbox who arrives, as by a reset, a
//! magic link or a provider: what somebody else may have set up before ends in [`super::proof`].

use kernel::mail::Letter;
use kernel::{Caller, Work};
use serde::{Deserialize, Serialize};
use serde_json::json;
use types::{Error, ErrorKind, Json, Result, UserId};

use super::email_change;
use super::model::Account;
use super::{prove_address, sql};
use crate::challenges::{self, Purpose};
use crate::sessions::{self, Device};
use crate::{IdentityApp, audit, tries};

/// What is left with the challenge: a link is worth nothing once the address is another one.
#[derive(Serialize, Deserialize)]
struct Payload {
    email: String,
}

/// Writes the letter that verifies the address of an account.
///
/// # Errors
/// 401 when the account is gone; as the store.
pub(super) async fn write(
    work: &mut Work<'_>,
    house: &IdentityApp,
    user: UserId,
    callback: Option<&str>,
) -> Result<(Account, Letter)> {
    let account = sql::view(work.tx, user).await?.ok_or_else(Error::unauthenticated)?;
    let payload = Json::of(&Payload { email: account.email.clone() })?;
    let (purpose, life) = (Purpose::EmailVerification, house.verification_life());
    let token = challenges::issue(work, house, purpose, Some(user), &payload, life).await?;
    let url = house.verification_link(token.reveal(), callback);
    let letter = Letter::new("email_verification", &account.email)
        .name(&account.name)
        .link(url, token.reveal());
    Ok((account, letter))
}

/// Writes it and sends it.
///
/// # Errors
/// As [`write`].
pub(super) async fn post(
    work: &mut Work<'_>,
    house: &IdentityApp,
    user: UserId,
    callback: Option<&str>,
) -> Result<()> {
    let (account, letter) = write(work, house, user, callback).await?;
    work.post(&letter).await?;
    audit::tell(work, account.login(), "email_verification_sent", json!({})).await
}

/// What a link does when its button is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leads {
    /// The address is proven, from a device that is signed in to its account or where nobody could
    /// sign in before.
    Proof,
    /// The owner of the mailbox arrives: what others set up ends.
    Takeover,
    /// The address takes the place of another one.
    Change,
}

/// Looks what a link would do; it stays good. What is unknown or spent looks like a proof: whoever
/// presses the button learns of it.
///
/// # Errors
/// 401 `invalid_user` for a change by somebody who is not signed in to its account.
pub(super) async fn look(house: &IdentityApp, caller: &Caller, token: &str) -> Result<Leads> {
    let (inside, now, sought) = (house.clone(), house.now(), token.to_owned());
    let (proof, change) = house
        .db
        .unbound()
        .read(async move |tx| {
            let proof =
                challenges::look(tx, &inside, Purpose::EmailVerification, &sought, now).await?;
            Ok((proof, challenges::look(tx, &inside, Purpose::EmailChange, &sought, now).await?))
        })
        .await?;
    if let Some(user) = change.and_then(|change| change.user) {
        email_change::asker(caller, user)?;
        return Ok(Leads::Change);
    }
    let user = proof.and_then(|proof| proof.user);
    Ok(if user.is_some_and(|user| takes_over(house, caller, user)) {
        Leads::Takeover
    } else {
        Leads::Proof
    })
}

/// Who is signed in to the account set it up, so it stays as it is; so does one that nobody could
/// sign in to before its address was proven. Anybody else who has the letter only has the mailbox:
/// the account may be a stranger's who used the address first and waits.
fn takes_over(house: &IdentityApp, caller: &Caller, user: UserId) -> bool {
    let own = sessions::present(caller).is_ok_and(|who| who.user == user);
    !own && !house.parts.settings.require_verified_email
}

/// Takes the token of a letter: the address is proven, or the new one takes its place.
///
/// # Errors
/// 401 `invalid_token`, `token_expired`, `invalid_user`; 429.
pub(super) async fn verify(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    token: &str,
) -> Result<(Account, Leads)> {
    tries::count(house, "mailed_links", device)?;
    // Rubbish costs a look, not a turn at writing.
    let (inside, now, sought) = (house.clone(), house.now(), token.to_owned());
    house
        .db
        .unbound()
        .read(async move |tx| {
            for purpose in [Purpose::EmailVerification, Purpose::EmailChange] {
                if challenges::look(tx, &inside, purpose, &sought, now).await?.is_some() {
                    return Ok(());
                }
                if challenges::is_expired(tx, &inside, purpose, &sought, now).await? {
                    return Err(expired());
                }
            }
            Err(invalid())
        })
        .await?;
    let (inside, token) = (house.clone(), token.to_owned());
    house
        .change_unbound(caller, async move |work| {
            let now = work.now;
            let purpose = Purpose::EmailVerification;
            let taken = challenges::take(work.tx, &inside, purpose, &token, now).await?;
            let Some(taken) = taken else {
                let account = email_change::complete(work, &inside, &token).await?;
                return Ok((account, Leads::Change));
            };
            let payload: Payload = serde_json::from_str(taken.payload.as_str())?;
            let user = taken.user.ok_or_else(invalid)?;
            let account = sql::view(work.tx, user).await?.ok_or_else(invalid)?;
            if account.email != payload.email {
                return Err(invalid());
            }
            let leads = prove(work, &inside, &account).await?;
            Ok((sql::view(work.tx, user).await?.ok_or_else(invalid)?, leads))
        })
        .await
}

/// Whoever is signed in showed a code that was mailed to the account's address: as good as pressing
/// the button behind its link at this device.
///
/// # Errors
/// As the store.
pub(crate) async fn prove_by_code(
    work: &mut Work<'_>,
    house: &IdentityApp,
    account: &Account,
) -> Result<()> {
    prove(work, house, account).await.map(drop)
}

async fn prove(work: &mut Work<'_>, house: &IdentityApp, account: &Account) -> Result<Leads> {
    let (now, login) = (work.now, account.login());
    if account.email_verified {
        work.silently();
        return Ok(Leads::Proof);
    }
    if takes_over(house, work.caller, login.user) {
        prove_address(work, login, None).await?;
        return Ok(Leads::Takeover);
    }
    sql::verify(work.tx, login.user, now).await?;
    audit::tell(work, login, "email_verified", json!({})).await?;
    Ok(Leads::Proof)
}

/// The one answer to a token that is unknown, spent, or of an address that has changed.
pub(super) fn invalid() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "invalid_token",
        "This link is not valid or was used before; ask for a new one.",
    )
}

fn expired() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "token_expired",
        "This link has expired; ask for a new one.",
    )
}
