//! Another address: asked for at a signed-in device, proven at the new address, and for some days
//! undone from the old one — which is how somebody whose account was taken gets it back.

use std::time::Duration;

use kernel::mail::Letter;
use kernel::{Caller, Work};
use serde::{Deserialize, Serialize};
use serde_json::json;
use types::{Error, ErrorKind, Json, Result, SessionId, Time, UserId};

use super::model::Account;
use super::verification::invalid;
use super::{address, reverting, sql};
use crate::challenges::{self, Purpose};
use crate::sessions::{self, Device, Present};
use crate::tries;
use crate::{IdentityApp, audit};

#[derive(Serialize, Deserialize)]
struct Change {
    from: String,
    to: String,
    /// When the session began that asked, in microseconds: what came later may be a thief's.
    since: i64,
}

/// What the old address can bring back.
#[derive(Serialize, Deserialize)]
struct Before {
    email: String,
    verified: bool,
    /// From when on what was set up is not the owner's, in microseconds.
    since: i64,
}

/// Sends a letter to the new address. Whether somebody has that address is told to them only: the
/// caller's answer and the work are the same.
///
/// # Errors
/// 400 `email_is_the_same`; 401; 403 `session_not_fresh`, `impersonating`, `invalid_callback_url`;
/// 422 `invalid_email`; 429.
pub(super) async fn ask(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    new_email: &str,
    callback: Option<String>,
) -> Result<()> {
    let who = sessions::fresh(house, caller)?;
    let to = address::checked("/newEmail", new_email)?;
    house.check_callback(callback.as_deref())?;
    tries::count_letter(house, device, &to)?;
    let inside = house.clone();
    house
        .change(caller, async move |work| {
            let account = sql::view(work.tx, who.user).await?.ok_or_else(Error::unauthenticated)?;
            if account.email == to {
                return Err(Error::new(
                    ErrorKind::Malformed,
                    "email_is_the_same",
                    "This is your address already.",
                ));
            }
            let taken = sql::by_email(work.tx, &to).await?.is_some();
            challenges::revoke_of(work.tx, Purpose::EmailChange, who.user).await?;
            let since = began(work, who.session).await?.micros();
            let change = Change { from: account.email.clone(), to: to.clone(), since };
            let (payload, life) = (Json::of(&change)?, inside.verification_life());
            let purpose = Purpose::EmailChange;
            let token =
                challenges::issue(work, &inside, purpose, Some(who.user), &payload, life).await?;
            let letter = if taken {
                Letter::new("account_exists", &to).link(inside.app_url().to_owned(), "")
            } else {
                let url = inside.verification_link(token.reveal(), callback.as_deref());
                // It says nothing that whoever asks has written: the address may be a stranger's.
                Letter::new("email_change", &to).link(url, token.reveal())
            };
            work.post(&letter).await?;
            audit::tell(work, account.login(), "email_change_requested", json!({})).await
        })
        .await
}

/// When a session began.
async fn began(work: &mut Work<'_>, session: SessionId) -> Result<Time> {
    let session = sessions::view(work.tx, session).await?.ok_or_else(Error::unauthenticated)?;
    Ok(session.created_at)
}

/// Whoever is signed in to the account whose address is to change. The mailbox alone is not
/// enough: its owner may take the letter for another one, and give their address to a stranger.
///
/// # Errors
/// 401 `invalid_user`; 403 `impersonating`.
pub(super) fn asker(caller: &Caller, user: UserId) -> Result<Present> {
    let who = sessions::present(caller).ok().filter(|who| who.user == user);
    let who = who.ok_or_else(|| {
        Error::new(
            ErrorKind::Unauthenticated,
            "invalid_user",
            "Sign in to the account whose address is to change, then open the link again.",
        )
    })?;
    sessions::not_impersonating(caller)?;
    Ok(who)
}

/// The new address is proven by whoever is signed in to the account: it takes the place of the old
/// one, which is told and can undo it. The link of anybody else stays good.
///
/// # Errors
/// 401 `invalid_token`, also when somebody else has the address meanwhile; as [`asker`].
pub(super) async fn complete(
    work: &mut Work<'_>,
    house: &IdentityApp,
    token: &str,
) -> Result<Account> {
    let now = work.now;
    let taken = challenges::take(work.tx, house, Purpose::EmailChange, token, now).await?;
    let taken = taken.ok_or_else(invalid)?;
    let change: Change = serde_json::from_str(taken.payload.as_str())?;
    let user = taken.user.ok_or_else(invalid)?;
    // An error undoes the taking.
    let who = asker(work.caller, user)?;
    let before = sql::view(work.tx, user).await?.ok_or_else(invalid)?;
    if before.email != change.from
        || !sql::change_email(work.tx, user, &change.to, true, now).await?
    {
        return Err(invalid());
    }
    sql::change_person_email(work.tx, user, Some(&change.to), now).await?;
    forget_links(work, user).await?;
    let login = before.login();
    let since = began(work, who.session).await?.micros().min(change.since);
    sessions::end_all(work, login, Some(who.session), "email_changed").await?;

    let old = Before { email: change.from, verified: before.email_verified, since };
    let hours = u64::from(house.parts.settings.email_revert_hours);
    let (payload, life) = (Json::of(&old)?, Duration::from_secs(hours * 3_600));
    let purpose = Purpose::EmailRevert;
    let revert = challenges::issue(work, house, purpose, Some(user), &payload, life).await?;
    let url = house.link("/v1/auth/revert-email", &[("token", revert.reveal())]);
    let letter = Letter::new("email_changed_notice", &old.email)
        .name(&before.name)
        .link(url, revert.reveal());
    work.post(&letter).await?;
    audit::tell(work, login, "email_changed", json!({})).await?;
    sql::view(work.tx, user).await?.ok_or_else(invalid)
}

/// The old address takes its place again, and whoever changed it is shut out: sessions end, the
/// password and the backup codes are gone since they may know them, and so is every provider,
/// passkey, second factor and key that came after the session began which asked for the change.
///
/// # Errors
/// 401 `invalid_token`, also when an older account has the address meanwhile; 429.
pub(super) async fn revert(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    token: &str,
) -> Result<()> {
    tries::count(house, "mailed_links", device)?;
    let (inside, now, sought) = (house.clone(), house.now(), token.to_owned());
    let found = house
        .db
        .unbound()
        .read(async move |tx| {
            challenges::look(tx, &inside, Purpose::EmailRevert, &sought, now).await
        })
        .await?;
    if found.is_none() {
        return Err(invalid());
    }
    let (inside, token) = (house.clone(), token.to_owned());
    house
        .change_unbound(caller, async move |work| {
            let now = work.now;
            let purpose = Purpose::EmailRevert;
            let taken = challenges::take(work.tx, &inside, purpose, &token, now).await?;
            let taken = taken.ok_or_else(invalid)?;
            let old: Before = serde_json::from_str(taken.payload.as_str())?;
            let user = taken.user.ok_or_else(invalid)?;
            let account = sql::view(work.tx, user).await?.ok_or_else(invalid)?;
            let login = account.login();
            reverting::displace(work, &old.email, user, taken.created_at).await?;
            if account.email != old.email
                && !sql::change_email(work.tx, user, &old.email, old.verified, now).await?
            {
                return Err(invalid());
            }
            sql::change_person_email(work.tx, user, Some(&old.email), now).await?;
            forget_links(work, user).await?;
            // Whoever changed it on to a third address cannot come back by the second one.
            challenges::revoke_since(work.tx, purpose, user, taken.created_at).await?;
            reverting::undo_since(work, login, Time::from_micros(old.since)).await?;
            sessions::end_all(work, login, None, "email_change_reverted").await?;
            let letter = Letter::new("email_change_reverted", &old.email).name(&account.name);
            work.post(&letter).await?;
            audit::tell(work, login, "email_change_reverted", json!({})).await
        })
        .await
}

/// Links on their way belong to whoever had the address when they were asked for. Not so magic
/// links: they are nobody's, but of an address, and open whatever account that has when they are used.
async fn forget_links(work: &mut Work<'_>, user: UserId) -> Result<()> {
    for purpose in [
        Purpose::PasswordReset,
        Purpose::EmailVerification,
        Purpose::EmailChange,
        Purpose::AccountDeletion,
    ] {
        challenges::revoke_of(work.tx, purpose, user).await?;
    }
    Ok(())
}
