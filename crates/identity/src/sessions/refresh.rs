//! Exchanging a refresh token: once, and whoever shows a spent one loses the whole family.

use kernel::mail::Letter;
use kernel::{Caller, Work};
use serde_json::json;
use types::{Error, ErrorKind, Result, Secret, SessionId, Time, UserId};

use super::device::Device;
use super::model::{Minted, Surface};
use super::rules::remove;
use super::sql;
use crate::token::{REFRESH, sha256};
use crate::{IdentityApp, accounts, tries};

enum Outcome {
    Renewed(sql::Rotated),
    /// Stored as it is, so it is no error inside the transaction.
    Refused,
}

/// What a refresh token was exchanged for.
pub(crate) struct Refreshed {
    pub(crate) session: SessionId,
    pub(crate) user: UserId,
    /// When its owner signed in. What they proved since gives the one who proved it an access
    /// token, and nothing to who has a copy of the refresh token.
    pub(crate) proven: Time,
    /// The next refresh token.
    pub(crate) token: Secret<String>,
}

/// Exchanges a refresh token for a new one; the old one is spent. What is no token of ours is
/// counted and costs a read.
///
/// # Errors
/// 401 `invalid_refresh_token`; 429 `rate_limited`.
pub(crate) async fn refresh(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    token: &str,
) -> Result<Refreshed> {
    let place = tries::take(house, "refresh", device)?;
    if !is_known(house, token).await? {
        return Err(invalid());
    }
    let minted = Minted::new(house, Surface::Pair, true);
    let (old, new, inside) = (sha256(token), minted.token.hash, house.clone());
    let outcome = house
        .change_unbound(caller, async move |work| {
            let now = work.now;
            if let Some(next) = sql::rotate(work.tx, &old, &new, now).await? {
                let id = next.id;
                work.silently();
                sql::spend(work.tx, &old, id, now).await?;
                let last = next.refresh_expires_at.unwrap_or(Time::from_micros(0));
                sql::touch(work.tx, id, now, inside.session_end(now, last)).await?;
                return Ok(Outcome::Renewed(next));
            }
            let ended = match sql::by_spent(work.tx, &old).await? {
                None => false,
                // Somebody has it who should not, and who of the two is asking is unknown.
                Some(id) => {
                    let owner = sql::by_id(work.tx, id).await?.map(|session| session.user);
                    let metadata = json!({ "sessionId": id, "reason": "refresh_token_reused" });
                    let ended = remove(work, id, None, metadata).await?;
                    if let Some(owner) = owner.filter(|_| ended) {
                        warn(work, &inside, owner).await?;
                    }
                    ended
                }
            };
            if !ended {
                work.silently();
            }
            Ok(Outcome::Refused)
        })
        .await?;
    match outcome {
        Outcome::Renewed(next) => {
            place.give_back();
            let (session, user, proven) = (next.id, next.user, next.began_at);
            Ok(Refreshed { session, user, proven, token: minted.token.text })
        }
        Outcome::Refused => Err(invalid()),
    }
}

/// Whether somebody was ever given this refresh token, as far as it matters still.
///
/// # Errors
/// As the store.
pub(super) async fn is_known(house: &IdentityApp, token: &str) -> Result<bool> {
    if !token.starts_with(REFRESH) {
        return Ok(false);
    }
    let hash = sha256(token);
    house
        .db
        .unbound()
        .read(async move |tx| {
            Ok(sql::by_refresh(tx, &hash).await?.is_some()
                || sql::by_spent(tx, &hash).await?.is_some())
        })
        .await
}

/// Tells the owner: one of the two who showed the token is not them.
async fn warn(work: &mut Work<'_>, house: &IdentityApp, owner: UserId) -> Result<()> {
    let Some(account) = accounts::view(work.tx, owner).await? else { return Ok(()) };
    let url = house.app_url().to_owned();
    work.post(&Letter::new("refresh_reused", &account.email).name(&account.name).link(url, ""))
        .await
}

fn invalid() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "invalid_refresh_token",
        "This refresh token is not valid or was used before; sign in again.",
    )
}
