//! What proving an address does to an account: the one place of that rule.

mod sql;

use kernel::Work;
use kernel::mail::Letter;
use serde_json::json;
use types::{AccountId, Result};

use crate::sessions::Login;
use crate::{api_keys, audit};

/// The owner of the mailbox has arrived, by a mailed link or through a provider that vouches for
/// the address. From now on the address counts as proven.
///
/// Where it never was before, whoever made the account may be somebody else who was waiting for
/// the owner. So all that opens it dies: the password, linked accounts, passkeys, the second
/// factor, sessions, API keys and every link under way. Nothing happens where it was proven
/// already. `proven_by` is the linked account the owner came with, which stays. Call it before a
/// session begins in the same transaction.
///
/// It is not for the letter of a sign-up when its link is used at a device that is signed in to the
/// account: there the password is the owner's. Where a password, passkeys or a second factor ended, a
/// letter tells so: the owner may have set them up without ever proving the address.
///
/// # Errors
/// As the store.
pub(crate) async fn prove_address(
    work: &mut Work<'_>,
    login: Login,
    proven_by: Option<AccountId>,
) -> Result<()> {
    let (user, now) = (login.user, work.now);
    if !sql::verify(work.tx, user, now).await? {
        return Ok(());
    }
    let sessions = sql::end_sessions(work.tx, user).await?;
    let keys = api_keys::revoke_of(work, login.person, None).await?;
    let credentials = sql::delete_credentials(work.tx, user, proven_by).await?;
    let passkeys = sql::delete_passkeys(work.tx, user).await?;
    let factor = sql::delete_second_factors(work.tx, user).await?;
    sql::delete_challenges(work.tx, user).await?;
    let ended = json!({
        "sessions": sessions.len(),
        "credentials": credentials,
        "passkeys": passkeys,
        "apiKeys": keys,
    });
    let lost = factor || credentials + passkeys > 0;
    if let Some(account) = super::view(work.tx, user).await?.filter(|_| lost) {
        work.post(&Letter::new("address_proven", &account.email)).await?;
    }
    audit::tell(work, login, "email_verified", json!({ "ended": ended })).await?;
    let person = login.person;
    work.after_commit(move |app| {
        app.identities.forget_person(person);
        sessions.iter().for_each(|session| app.identities.forget_session(*session));
    });
    Ok(())
}
