//! A new password for somebody: set, or by a link that lets them set it.

use std::time::Duration;

use kernel::mail::Letter;
use kernel::{Caller, Work};
use serde_json::json;
use types::{Json, Result, Secret, UserId};

use super::model::{ResetOutcome, ResetUserPassword, UserRecord};
use super::office::{owner_just_now, tell};
use super::rules::present;
use super::{bans, sql};
use crate::challenges::{self, Purpose};
use crate::{IdentityApp, sessions};

/// What somebody gets whose password is not their own doing.
const KIND: &str = "password_reset_by_admin";

/// Where the link in a letter leads to in the end.
///
/// # Errors
/// 403 `invalid_callback_url`.
pub(super) fn target(house: &IdentityApp, asked: Option<&str>) -> Result<String> {
    house.check_callback(asked)?;
    let own = || format!("{}/reset-password", house.app_url());
    Ok(asked.map_or_else(own, str::to_owned))
}

/// Makes a link that is good for one new password; the address and the token in it.
async fn link(
    work: &mut Work<'_>,
    house: &IdentityApp,
    user: &UserRecord,
    redirect: &str,
) -> Result<(String, Secret<String>)> {
    let life = Duration::from_secs(u64::from(house.parts.settings.reset_minutes) * 60);
    let (purpose, payload) = (Purpose::PasswordReset, Json::of(&json!({ "email": user.email }))?);
    let token = challenges::issue(work, house, purpose, Some(user.id), &payload, life).await?;
    let path = format!("/v1/auth/reset-password/{}", token.reveal());
    Ok((house.link(&path, &[("callbackURL", redirect)]), token))
}

/// Mails a link to set a password.
///
/// # Errors
/// As the store.
pub(super) async fn mail(
    work: &mut Work<'_>,
    house: &IdentityApp,
    to: &UserRecord,
    redirect: &str,
) -> Result<()> {
    let (url, token) = link(work, house, to, redirect).await?;
    let letter = Letter::new(KIND, &to.email).name(&to.name).link(url, token.reveal());
    work.post(&letter).await
}

/// Sets a new password and ends all sessions, or mails a link.
///
/// # Errors
/// 401, 403, 404; 403 `invalid_callback_url`; 422 for a password that will not do; 503.
pub(super) async fn reset(
    house: &IdentityApp,
    caller: &Caller,
    id: UserId,
    form: ResetUserPassword,
) -> Result<ResetOutcome> {
    owner_just_now(house, caller)?;
    let redirect = target(house, form.redirect_to.as_deref())?;
    let Some(password) = form.password else {
        let inside = house.clone();
        return house
            .change(caller, async move |work| {
                let now = work.now;
                let record = present(work.tx, id, now).await?;
                tell(work, record.login(), "password_reset_by_owner", json!({ "way": "letter" }))
                    .await?;
                mail(work, &inside, &record, &redirect).await?;
                Ok(ResetOutcome::Mailed)
            })
            .await;
    };
    let now = house.now();
    let known = house.db.unbound().read(async move |tx| present(tx, id, now).await).await?;
    let passwords = &house.parts.passwords;
    passwords.check_new(&password, &[&known.name, &known.email])?;
    let hash = passwords.hash(&house.random, &password).await?;
    house
        .change(caller, async move |work| {
            let (now, row) = (work.now, work.id());
            let record = present(work.tx, id, now).await?;
            let login = record.login();
            sql::set_password(work.tx, row, id, &hash, now).await?;
            challenges::revoke_of(work.tx, Purpose::PasswordReset, id).await?;
            let ended = sessions::end_all(work, login, None, "password_reset").await?;
            bans::shut_out(work, login.person).await?;
            let told = json!({ "way": "set", "sessions": ended });
            tell(work, login, "password_reset_by_owner", told).await?;
            work.post(&Letter::new(KIND, &record.email).name(&record.name)).await?;
            Ok(ResetOutcome::PasswordSet)
        })
        .await
}

/// A link to set a password, for whoever hands it over by another way than mail: only the command
/// line is given one.
///
/// # Errors
/// 404; as the store.
pub(super) async fn printed_link(
    house: &IdentityApp,
    caller: &Caller,
    id: UserId,
) -> Result<Secret<String>> {
    owner_just_now(house, caller)?;
    let (inside, redirect) = (house.clone(), target(house, None)?);
    house
        .change(caller, async move |work| {
            let now = work.now;
            let record = present(work.tx, id, now).await?;
            let told = json!({ "way": "link" });
            tell(work, record.login(), "password_reset_by_owner", told).await?;
            let (url, _) = link(work, &inside, &record, &redirect).await?;
            Ok(Secret::new(url))
        })
        .await
}
