//! Signing out: by the session, or by the refresh token of a pair.

use http::{HeaderMap, HeaderValue};
use kernel::{Caller, Work};
use serde_json::json;
use types::{PersonId, Result, SessionId};

use super::lookup::identify;
use super::refresh::is_known;
use super::rules::remove;
use super::sql;
use crate::cookies::Cookie;
use crate::token::sha256;
use crate::{IdentityApp, tries};

use super::device::Device;

/// Ends the session the caller speaks from; without one there is nothing to do. Who acts as
/// somebody else leaves altogether: the session their browser keeps for afterwards ends too.
///
/// The cookies that go with it are the answer.
///
/// # Errors
/// As the store.
pub(crate) async fn leave(
    house: &IdentityApp,
    caller: &Caller,
    headers: &HeaderMap,
) -> Result<Vec<HeaderValue>> {
    let own = caller.identity().session;
    let kept = kept(house, caller, headers).await?;
    let actor = caller.person();
    if own.is_some() || kept.is_some() {
        house
            .change_unbound(caller, async move |work| {
                let mut ended = false;
                if let Some(id) = own {
                    ended |= out(work, id, actor).await?;
                }
                if let Some((id, owner)) = kept {
                    ended |= out(work, id, Some(owner)).await?;
                }
                if !ended {
                    work.silently();
                }
                Ok(())
            })
            .await?;
    }
    Cookie::of_visit(house.parts.secure)
}

async fn out(work: &mut Work<'_>, id: SessionId, actor: Option<PersonId>) -> Result<bool> {
    remove(work, id, actor, json!({ "sessionId": id })).await
}

/// The session of whoever acts as the caller, as their browser keeps it.
async fn kept(
    house: &IdentityApp,
    caller: &Caller,
    headers: &HeaderMap,
) -> Result<Option<(SessionId, PersonId)>> {
    let Some(owner) = caller.identity().impersonator else { return Ok(None) };
    let cookie = Cookie::Impersonator.read(headers, house.parts.secure);
    let Some(token) = cookie else { return Ok(None) };
    let found = identify(house, token).await?.filter(|found| {
        found.person == Some(owner) && found.impersonator.is_none() && found.key.is_none()
    });
    Ok(found.and_then(|found| found.session).map(|id| (id, owner)))
}

/// Ends the session that a refresh token belongs to; an unknown one is as good as ended, and is
/// counted.
///
/// # Errors
/// 429 `rate_limited`.
pub(crate) async fn end_by_refresh(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    token: &str,
) -> Result<()> {
    let place = tries::take(house, "refresh", device)?;
    if !is_known(house, token).await? {
        return Ok(());
    }
    place.give_back();
    let hash = sha256(token);
    house
        .change_unbound(caller, async move |work| {
            let found = sql::by_refresh(work.tx, &hash).await?;
            let ended = match found {
                None => false,
                Some(session) => out(work, session.id, Some(session.person)).await?,
            };
            if !ended {
                work.silently();
            }
            Ok(())
        })
        .await
}
