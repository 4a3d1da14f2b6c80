//! Exchanging a refresh token: once, and whoever shows a spent one loses the whole family.

use kernel::Caller;
use serde_json::json;
use types::{Error, ErrorKind, Result, SessionId, Time, UserId};

use super::model::{Minted, Surface};
use super::rules::remove;
use super::sql;
use crate::IdentityApp;
use crate::token::{REFRESH, sha256};

enum Outcome {
    Renewed(SessionId, UserId),
    /// Stored as it is, so it is no error inside the transaction.
    Refused,
}

/// Exchanges a refresh token for a new one; the old one is spent.
pub(crate) async fn refresh(
    house: &IdentityApp,
    caller: &Caller,
    token: &str,
) -> Result<(SessionId, UserId, Minted)> {
    if !token.starts_with(REFRESH) {
        return Err(invalid());
    }
    let minted = Minted::new(house, Surface::Pair);
    let (old, new, inside) = (sha256(token), minted.token.hash, house.clone());
    let outcome = house
        .change(caller, async move |work| {
            let now = work.now;
            if let Some((id, user, last)) = sql::rotate(work.tx, &old, &new, now).await? {
                work.silently();
                sql::spend(work.tx, &old, id, now).await?;
                let last = last.unwrap_or(Time::from_micros(0));
                sql::touch(work.tx, id, now, inside.session_end(now, last)).await?;
                return Ok(Outcome::Renewed(id, user));
            }
            let ended = match sql::by_spent(work.tx, &old).await? {
                None => false,
                // Somebody has it who should not, and who of the two is asking is unknown.
                Some(id) => {
                    let metadata = json!({ "sessionId": id, "reason": "refresh_token_reused" });
                    remove(work, id, None, metadata).await?
                }
            };
            if !ended {
                work.silently();
            }
            Ok(Outcome::Refused)
        })
        .await?;
    match outcome {
        Outcome::Renewed(id, user) => Ok((id, user, minted)),
        Outcome::Refused => Err(invalid()),
    }
}

fn invalid() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "invalid_refresh_token",
        "This refresh token is not valid or was used before; sign in again.",
    )
}
