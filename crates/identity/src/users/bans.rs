//! Keeping somebody out, and letting them in again.

use database::Tx;
use kernel::{Caller, Work};
use serde_json::json;
use types::{Checks, PersonId, Result, Time, UserId};

use super::model::{Ban, UserRecord};
use super::office::{owner, owner_just_now, tell};
use super::rules::{not_oneself, present};
use super::sql;
use crate::{IdentityApp, sessions};

const REASON_MAX: usize = 500;

/// Bans somebody: their sessions end, nothing begins a new one, and their API keys are refused.
///
/// # Errors
/// 401, 403, 404; 409 `own_account`; 422.
pub(super) async fn ban(
    house: &IdentityApp,
    caller: &Caller,
    id: UserId,
    ban: Ban,
) -> Result<UserRecord> {
    owner_just_now(house, caller)?;
    let (reason, until, now) =
        (ban.reason.map(|text| text.trim().to_owned()), ban.expires_at, house.now());
    let reason = reason.filter(|text| !text.is_empty());
    let mut checks = Checks::new();
    if let Some(reason) = &reason {
        checks.text("/reason", reason, 1, REASON_MAX);
    }
    checks.that(
        until.is_none_or(|until| until > now),
        "/expiresAt",
        "in_the_past",
        "must be in the future.",
    );
    checks.done()?;
    house
        .change(caller, async move |work| {
            let now = work.now;
            let login = present(work.tx, id, now).await?.login();
            not_oneself(work.caller, id)?;
            sql::ban(work.tx, id, reason.as_deref(), until, now).await?;
            sessions::end_all(work, login, None, "banned").await?;
            shut_out(work, login.person).await?;
            tell(work, login, "user_banned", json!({ "expiresAt": until })).await?;
            present(work.tx, id, now).await
        })
        .await
}

/// Ends what they do as others, and makes every credential of theirs be looked up again.
pub(super) async fn shut_out(work: &mut Work<'_>, person: PersonId) -> Result<()> {
    let as_others = sql::end_impersonations(work.tx, person).await?;
    work.after_commit(move |app| {
        app.identities.forget_person(person);
        for session in as_others {
            app.identities.forget_session(session);
        }
    });
    Ok(())
}

/// Lifts a ban; without one there is nothing to do.
///
/// # Errors
/// 401, 403, 404.
pub(super) async fn unban(house: &IdentityApp, caller: &Caller, id: UserId) -> Result<UserRecord> {
    owner(caller)?;
    house
        .change(caller, async move |work| {
            let now = work.now;
            let before = present(work.tx, id, now).await?;
            if !before.banned {
                return Ok(before);
            }
            sql::unban(work.tx, id, now).await?;
            let person = before.person_id;
            work.after_commit(move |app| app.identities.forget_person(person));
            tell(work, before.login(), "user_unbanned", json!({})).await?;
            present(work.tx, id, now).await
        })
        .await
}

/// Whether somebody is banned: nothing of theirs opens anything.
///
/// # Errors
/// As the store.
pub(crate) async fn is_banned(tx: &mut Tx, person: PersonId, now: Time) -> Result<bool> {
    sql::is_banned(tx, person, now).await
}
