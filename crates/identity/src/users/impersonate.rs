//! Acting as somebody else: for a short while, in a session that says so.

use std::time::Duration;

use kernel::{Caller, Identity};
use serde_json::json;
use types::{Error, ErrorKind, Result, Secret, Time, UserId};

use super::office::{owner_just_now, tell, tell_as};
use super::rules::{not_oneself, present};
use super::{bans, sql};
use crate::IdentityApp;
use crate::entry::{self, Entered, Entry, Way};
use crate::sessions::{self, Device, Minted, Surface};

impl IdentityApp {
    /// When acting as somebody else ends, however much it is used.
    pub(crate) fn impersonation_end(&self, now: Time) -> Time {
        let minutes = u64::from(self.parts.settings.impersonation_minutes);
        now.after(Duration::from_secs(minutes * 60))
    }
}

/// Begins a session as somebody who does not own the platform.
///
/// # Errors
/// 401, 403, 404; 403 `banned_user`, `impersonating_owner`; 409 `own_account`.
pub(super) async fn start(
    house: &IdentityApp,
    caller: &Caller,
    id: UserId,
    device: Device,
) -> Result<Entered> {
    owner_just_now(house, caller)?;
    let me = sessions::present(caller)?;
    let (inside, minted) = (house.clone(), Minted::new(house, Surface::Opaque, false));
    house
        .change_unbound(caller, async move |work| {
            let now = work.now;
            let record = present(work.tx, id, now).await?;
            not_oneself(work.caller, id)?;
            if record.platform_owner {
                return Err(Error::new(
                    ErrorKind::Forbidden,
                    "impersonating_owner",
                    "Nobody acts as an owner of the platform but they themselves.",
                ));
            }
            let way = Way::Impersonation(me.person);
            let entry = entry::enter(work, &inside, id, way, &minted, &device).await?;
            let Entry::In(entered) = entry else {
                return Err(Error::internal("acting as somebody else wants no second factor"));
            };
            let told = json!({ "sessionId": entered.session });
            tell(work, record.login(), "impersonation_started", told).await?;
            Ok(*entered)
        })
        .await
}

/// Ends acting as somebody else. `kept` is the owner's own token, as their browser kept it; it is
/// given back when it is still good.
///
/// # Errors
/// 401; 409 `not_impersonating`.
pub(super) async fn stop(
    house: &IdentityApp,
    caller: &Caller,
    kept: Option<&str>,
) -> Result<Option<Secret<String>>> {
    let who = sessions::present(caller)?;
    let Some(owner) = caller.identity().impersonator else {
        return Err(Error::conflict("not_impersonating", "You are yourself already."));
    };
    let own = match kept {
        None => None,
        Some(token) => sessions::identify(house, token).await?.filter(|found| {
            found.person == Some(owner) && found.session.is_some() && found.impersonator.is_none()
        }),
    };
    house
        .change_unbound(caller, async move |work| {
            let now = work.now;
            let Some(user) = sql::end_impersonation(work.tx, who.session, owner).await? else {
                work.silently();
                return Ok(());
            };
            let session = who.session;
            work.after_commit(move |app| app.identities.forget_session(session));
            let login = present(work.tx, user, now).await?.login();
            let told = json!({ "sessionId": session });
            tell_as(work, login, Some(owner), "impersonation_ended", told).await
        })
        .await?;
    Ok(own.and_then(|_| kept.map(|token| Secret::new(token.to_owned()))))
}

/// Whether somebody may still act as others: they own the platform and are not banned.
///
/// # Errors
/// As the store.
pub(crate) async fn may_impersonate(
    tx: &mut database::Tx,
    owner: types::PersonId,
    now: Time,
) -> Result<bool> {
    let identity = Identity::of_person(tx, owner).await?;
    // A deleted account leaves a person behind.
    let owns = identity.platform_owner && identity.user.is_some();
    Ok(owns && !bans::is_banned(tx, owner, now).await?)
}
