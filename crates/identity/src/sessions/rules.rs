//! The verbs: open, find, renew, end.

use std::time::Duration;

use kernel::events::NewEvent;
use kernel::{Caller, Work};
use serde_json::json;
use types::{Error, Json, PersonId, Result, Secret, SessionId, Time};

use super::device::Device;
use super::model::{Login, Minted, NextToken, Session, Surface};
use super::sql::{self, NewRow};
use crate::challenges::{self, Purpose};
use crate::entry::Way;
use crate::{IdentityApp, audit, two_factor};

fn days(number: u32) -> Duration {
    Duration::from_secs(u64::from(number) * 86_400)
}

impl IdentityApp {
    /// When a session that is used now ends: after a pause, or at its absolute end.
    pub(super) fn session_end(&self, now: Time, absolute: Time) -> Time {
        now.after(days(self.parts.settings.session_idle_days)).min(absolute)
    }

    /// The absolute end of a session with one opaque token.
    pub(super) fn session_last(&self, created_at: Time) -> Time {
        created_at.after(days(self.parts.settings.session_days))
    }
}

/// Begins a session in the transaction that found out who it is; the event says how.
pub(crate) async fn open(
    work: &mut Work<'_>,
    house: &IdentityApp,
    login: Login,
    way: Way,
    minted: &Minted,
    device: &Device,
) -> Result<SessionId> {
    let now = work.now;
    let id = SessionId(work.id());
    let pair = minted.surface == Surface::Pair;
    let refresh_expires_at = pair.then(|| now.after(days(house.parts.settings.refresh_days)));
    let absolute = match way {
        Way::Impersonation(_) => house.impersonation_end(now),
        _ => refresh_expires_at.unwrap_or_else(|| house.session_last(now)),
    };
    let row = NewRow {
        id,
        user: login.user,
        token_hash: &minted.token_hash,
        refresh_hash: pair.then_some(&minted.token.hash),
        refresh_expires_at,
        now,
        expires_at: house.session_end(now, absolute),
        ip_address: device.ip_address.as_deref(),
        user_agent: device.user_agent.as_deref(),
        method: way.name(),
        remember: minted.remember,
        impersonator: match way {
            Way::Impersonation(by) => Some(by),
            _ => None,
        },
    };
    let most = i64::from(house.parts.settings.sessions_per_user);
    let pushed_out = sql::delete_beyond(work.tx, login.user, most - 1).await?;
    if pushed_out > 0 {
        work.after_commit(move |app| app.identities.forget_person(login.person));
    }
    sql::insert(work.tx, &row).await?;
    let mut metadata = json!({ "sessionId": id, "method": way.name() });
    if pushed_out > 0 {
        metadata["pushedOut"] = pushed_out.into();
    }
    if let Some(provider) = &minted.provider {
        metadata["provider"] = json!(provider);
    }
    let metadata = Json::of(&metadata)?;
    let event = NewEvent::new(login.home, "user_login", Some(login.person.into()), &metadata)
        .about("private", Some(login.person))
        .by(row.impersonator.or(Some(login.person)));
    work.record(event).await?;
    Ok(id)
}

/// The session the caller speaks from, if any.
pub(crate) async fn find(house: &IdentityApp, caller: &Caller) -> Result<Option<Session>> {
    let Some(id) = caller.identity().session else { return Ok(None) };
    house.db.unbound().read(async move |tx| sql::view(tx, id).await).await
}

/// Gives a session a new token, since its owner just proved who they are: an old one that
/// somebody else may have is worth nothing from now on. A token pair gets an access token that says
/// when that was; the ones before it, and those its refresh token is exchanged for, say when their
/// owner signed in.
///
/// # Errors
/// 401 when the session has ended meanwhile.
pub(crate) async fn renew(
    work: &mut Work<'_>,
    house: &IdentityApp,
    id: SessionId,
    minted: &Minted,
) -> Result<NextToken> {
    let now = work.now;
    let (remember, pair, user) = sql::renew(work.tx, id, &minted.token_hash, now)
        .await?
        .ok_or_else(Error::unauthenticated)?;
    work.after_commit(move |app| app.identities.forget_session(id));
    if pair {
        let text = house.parts.access_tokens.sign(user, id, now, now)?;
        return Ok(NextToken { text: Secret::new(text), remember: None });
    }
    Ok(NextToken { text: minted.token.text.clone(), remember: Some(remember) })
}

/// Deletes a session and tells so; false when it was gone already.
pub(super) async fn remove(
    work: &mut Work<'_>,
    id: SessionId,
    actor: Option<PersonId>,
    metadata: serde_json::Value,
) -> Result<bool> {
    let Some(user) = sql::delete(work.tx, id).await? else { return Ok(false) };
    work.after_commit(move |app| app.identities.forget_session(id));
    let Some((person, home)) = sql::owner(work.tx, user).await? else {
        // A login whose person is gone has no log to tell it in.
        work.silently();
        return Ok(true);
    };
    let metadata = Json::of(&metadata)?;
    let event = NewEvent::new(home, "user_logout", Some(person.into()), &metadata)
        .about("private", Some(person))
        .by(actor);
    work.record(event).await?;
    Ok(true)
}

/// Ends every session of a login but `except`, in the transaction of what made that necessary;
/// how many there were. One event tells of all of them, and why. Trusted devices are forgotten, and
/// sign-ins that await their second factor are over.
///
/// # Errors
/// As the store.
pub(crate) async fn end_all(
    work: &mut Work<'_>,
    login: Login,
    except: Option<SessionId>,
    reason: &str,
) -> Result<u64> {
    let ended = sql::delete_of(work.tx, login.user, except).await?;
    // Neither may a device that was trusted, or somebody between two factors, come in again.
    two_factor::forget_devices(work.tx, login.user).await?;
    challenges::revoke_of(work.tx, Purpose::SecondFactor, login.user).await?;
    if ended == 0 {
        return Ok(0);
    }
    work.after_commit(move |app| app.identities.forget_person(login.person));
    let metadata = json!({ "reason": reason, "sessions": ended });
    audit::tell(work, login, "sessions_ended", metadata).await?;
    Ok(ended)
}
