//! The verbs: open, find, end.

use std::time::Duration;

use kernel::events::NewEvent;
use kernel::{Caller, Work};
use serde_json::json;
use types::{Json, PersonId, Result, SessionId, Time};

use super::device::Device;
use super::model::{Login, Minted, Session, Surface};
use super::sql::{self, NewRow};
use crate::IdentityApp;
use crate::token::sha256;

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
    minted: &Minted,
    device: &Device,
) -> Result<SessionId> {
    let now = work.now;
    let id = SessionId(work.id());
    let pair = minted.surface == Surface::Pair;
    let refresh_expires_at = pair.then(|| now.after(days(house.parts.settings.refresh_days)));
    let absolute = refresh_expires_at.unwrap_or_else(|| house.session_last(now));
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
    };
    sql::insert(work.tx, &row).await?;
    let metadata = Json::of(&json!({ "sessionId": id, "method": "password" }))?;
    let event = NewEvent::new(login.home, "user_login", Some(login.person.into()), &metadata)
        .about("private", Some(login.person))
        .by(Some(login.person));
    work.record(event).await?;
    Ok(id)
}

/// The session the caller speaks from, if any.
pub(crate) async fn find(house: &IdentityApp, caller: &Caller) -> Result<Option<Session>> {
    let Some(id) = caller.identity().session else { return Ok(None) };
    house.db.read(async move |tx| sql::view(tx, id).await).await
}

/// Ends the session the caller speaks from; without one there is nothing to do.
pub(crate) async fn end(house: &IdentityApp, caller: &Caller) -> Result<()> {
    let Some(id) = caller.identity().session else { return Ok(()) };
    let actor = caller.person();
    house
        .change(caller, async move |work| {
            if !remove(work, id, actor, json!({ "sessionId": id })).await? {
                work.silently();
            }
            Ok(())
        })
        .await
}

/// Ends the session that a refresh token belongs to; an unknown one is as good as ended.
pub(crate) async fn end_by_refresh(
    house: &IdentityApp,
    caller: &Caller,
    token: &str,
) -> Result<()> {
    let hash = sha256(token);
    house
        .change(caller, async move |work| {
            let found = sql::by_refresh(work.tx, &hash).await?;
            let ended = match found {
                None => false,
                Some(session) => {
                    let metadata = json!({ "sessionId": session.id });
                    remove(work, session.id, Some(session.person), metadata).await?
                }
            };
            if !ended {
                work.silently();
            }
            Ok(())
        })
        .await
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
