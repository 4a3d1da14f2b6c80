//! The verbs of people with their own sessions: list, revoke one, the others, all.

use kernel::Caller;
use serde_json::json;
use types::{Error, Result, SessionId};

use super::fresh::{not_impersonating, present};
use super::model::{Login, Session};
use super::rules::{end_all, find, remove};
use super::sql;
use crate::IdentityApp;
use crate::token::{SESSION, sha256};

/// Sessions shown at most; nobody has more.
const SHOWN: i64 = 10_000;

/// Every live session of the caller, the last used first.
///
/// # Errors
/// 401 for nobody and for an API key.
pub(super) async fn list(house: &IdentityApp, caller: &Caller) -> Result<Vec<Session>> {
    let (who, now) = (present(caller)?, house.now());
    house.db.unbound().read(async move |tx| sql::list(tx, who.user, now, SHOWN).await).await
}

/// The caller's session, as nothing else of it can be changed.
///
/// # Errors
/// 401 for nobody and for an API key.
pub(super) async fn update(house: &IdentityApp, caller: &Caller) -> Result<Session> {
    present(caller)?;
    find(house, caller).await?.ok_or_else(Error::unauthenticated)
}

/// Ends one session of the caller, named by its handle or its own token. One that is not there, or
/// is somebody else's, is as good as ended: the answer tells nobody which handles exist.
///
/// # Errors
/// 401; 403 `impersonating`.
pub(super) async fn revoke(house: &IdentityApp, caller: &Caller, handle: &str) -> Result<()> {
    let who = present(caller)?;
    not_impersonating(caller)?;
    let (id, live) = (handle.parse::<SessionId>().ok(), handle.starts_with(SESSION));
    let hash = sha256(handle);
    house
        .change(caller, async move |work| {
            let found = match id {
                Some(id) => sql::by_id(work.tx, id).await?,
                None if live => sql::by_token(work.tx, &hash).await?,
                None => None,
            };
            let own = found.filter(|session| session.user == who.user);
            let ended = match own {
                None => false,
                Some(session) => {
                    let metadata = json!({ "sessionId": session.id, "reason": "revoked" });
                    remove(work, session.id, Some(who.person), metadata).await?
                }
            };
            if !ended {
                work.silently();
            }
            Ok(())
        })
        .await
}

/// Ends every session of the caller, or every other one.
///
/// # Errors
/// 401; 403 `impersonating`.
pub(super) async fn revoke_all(house: &IdentityApp, caller: &Caller, but_own: bool) -> Result<()> {
    let who = present(caller)?;
    not_impersonating(caller)?;
    let home = caller.personal_group().ok_or_else(Error::unauthenticated)?;
    let login = Login { user: who.user, person: who.person, home };
    let except = but_own.then_some(who.session);
    house
        .change(caller, async move |work| {
            if end_all(work, login, except, "revoked").await? == 0 {
                work.silently();
            }
            Ok(())
        })
        .await
}
