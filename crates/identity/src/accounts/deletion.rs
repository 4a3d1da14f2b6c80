//! The end of an account: the login and all it signed in with goes, the member record stays as a
//! tombstone that names nobody, what it owns in shared groups stays where it is, and what was its
//! own alone is archived. Some time later the person is erased, by a job that is left here.

use std::time::Duration;

use database::Tx;
use kernel::erasure::{self, Contents, Subject};
use kernel::mail::Letter;
use kernel::usage::{self, Metric};
use kernel::{Caller, Work};
use serde::{Deserialize, Serialize};
use serde_json::json;
use types::{Error, ErrorKind, GroupId, Json, PersonId, Result, Secret};

use super::model::Account;
use super::{deletion_sql, password_change, sql};
use crate::callback::with_query;
use crate::challenges::{self, Purpose};
use crate::sessions::{self, Device, Login};
use crate::tries;
use crate::{IdentityApp, api_keys, audit};

/// What whoever wants to be deleted has to show.
pub(super) enum Proof {
    Password(Secret<String>),
    Token(String),
    /// Nothing: a letter is sent.
    None {
        callback: Option<String>,
    },
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Deleted,
    LetterSent,
}

/// Deletes the account of whoever is signed in, or sends them a letter to make sure.
///
/// # Errors
/// 400 `invalid_password`, `credential_account_not_found`; 401; 403 `session_not_fresh`,
/// `impersonating`; 404 `invalid_token`; 409 `only_owner`; 429.
pub(super) async fn delete(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    proof: Proof,
    contents: Option<Contents>,
) -> Result<Outcome> {
    match proof {
        Proof::Password(password) => {
            let proven = password_change::prove(house, caller, device, &password).await?;
            let ending = house.ending(contents.unwrap_or_default());
            house
                .change_unbound(caller, async move |work| {
                    finish(work, &proven.account, ending).await
                })
                .await?;
            Ok(Outcome::Deleted)
        }
        Proof::Token(token) => {
            by_token(house, caller, device, &token, contents).await?;
            Ok(Outcome::Deleted)
        }
        Proof::None { callback } => {
            ask(house, caller, device, callback, contents.unwrap_or_default()).await?;
            Ok(Outcome::LetterSent)
        }
    }
}

async fn ask(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    callback: Option<String>,
    contents: Contents,
) -> Result<()> {
    let who = sessions::fresh(house, caller)?;
    house.check_callback(callback.as_deref())?;
    tries::count_letter(house, device, &who.user.to_string())?;
    let inside = house.clone();
    house
        .change_unbound(caller, async move |work| {
            let account = sql::view(work.tx, who.user).await?.ok_or_else(Error::unauthenticated)?;
            may_go(work.tx, account.login()).await?;
            let minutes = u64::from(inside.parts.settings.reset_minutes);
            let (purpose, life) = (Purpose::AccountDeletion, Duration::from_secs(minutes * 60));
            let wanted = Json::of(&Wanted { contents })?;
            let token =
                challenges::issue(work, &inside, purpose, Some(who.user), &wanted, life).await?;
            let url = inside.link("/v1/auth/delete-user/callback", &[("token", token.reveal())]);
            let url = match &callback {
                Some(callback) => with_query(&url, &[("callbackURL", callback)]),
                None => url,
            };
            let letter = Letter::new("account_deletion", &account.email)
                .name(&account.name)
                .link(url, token.reveal());
            work.post(&letter).await?;
            audit::tell(work, account.login(), "account_deletion_requested", json!({})).await
        })
        .await
}

async fn by_token(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    token: &str,
    contents: Option<Contents>,
) -> Result<()> {
    let who = sessions::present(caller)?;
    sessions::not_impersonating(caller)?;
    tries::count(house, "mailed_links", device)?;
    let (inside, now, sought) = (house.clone(), house.now(), token.to_owned());
    let found = house
        .db
        .unbound()
        .read(async move |tx| {
            challenges::look(tx, &inside, Purpose::AccountDeletion, &sought, now).await
        })
        .await?;
    if found.and_then(|found| found.user) != Some(who.user) {
        return Err(invalid());
    }
    let (inside, token) = (house.clone(), token.to_owned());
    house
        .change_unbound(caller, async move |work| {
            let (now, purpose) = (work.now, Purpose::AccountDeletion);
            let taken = challenges::take(work.tx, &inside, purpose, &token, now).await?;
            // An error undoes the taking: who finds somebody's link does not spend it.
            let taken = taken.filter(|taken| taken.user == Some(who.user)).ok_or_else(invalid)?;
            // Letters of earlier versions say nothing.
            let wanted = serde_json::from_str::<Wanted>(taken.payload.as_str()).ok();
            let contents = contents.or(wanted.map(|wanted| wanted.contents)).unwrap_or_default();
            let account = sql::view(work.tx, who.user).await?.ok_or_else(invalid)?;
            finish(work, &account, inside.ending(contents)).await
        })
        .await
}

/// What a letter remembers of what was asked for.
#[derive(Serialize, Deserialize)]
struct Wanted {
    contents: Contents,
}

/// What becomes of somebody behind the end of their account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ending {
    /// They are erased so much later.
    pub(crate) after: Duration,
    /// What becomes then of what they own in groups of others.
    pub(crate) contents: Contents,
    /// The owner of the platform who wants it so.
    pub(crate) requested_by: Option<PersonId>,
}

impl IdentityApp {
    /// As the settings say.
    pub(crate) fn ending(&self, contents: Contents) -> Ending {
        let days = u64::from(self.parts.settings.erase_after_days);
        Ending { after: Duration::from_secs(days * 86_400), contents, requested_by: None }
    }
}

async fn finish(work: &mut Work<'_>, account: &Account, ending: Ending) -> Result<()> {
    remove(work, account.login(), ending).await?;
    work.post(&Letter::new("account_deleted", &account.email).name(&account.name)).await
}

/// Deletes an account in the transaction of whoever decided it.
///
/// # Errors
/// 409 `only_owner` while a group others are in would be left without an owner.
pub(crate) async fn remove(work: &mut Work<'_>, login: Login, ending: Ending) -> Result<()> {
    let alone = may_go(work.tx, login).await?;
    let mut subject = subject(work.tx, login).await?;
    (subject.contents, subject.requested_by) = (ending.contents, ending.requested_by);
    audit::tell(work, login, "account_deleted", json!({})).await?;
    let now = work.now;
    for top in alone.into_iter().chain([login.home]) {
        let below = deletion_sql::below_without_others(work.tx, top, login.person).await?;
        for group in below {
            archive(work, group).await?;
        }
    }
    deletion_sql::rename_home(work.tx, login.home, now).await?;
    for (group, active) in deletion_sql::leave_all(work.tx, login.person).await? {
        usage::take(work, group, Metric::Users, -i64::from(active)).await?;
        let metadata = Json::of(&json!({ "left": true, "reason": "account_deleted" }))?;
        work.announce(group, "user_removed_from_group", login.person, &metadata).await?;
    }
    api_keys::revoke_of(work, login.person, None).await?;
    deletion_sql::cancel_invitations(work.tx, login.person, now).await?;
    deletion_sql::bury(work.tx, login.person, now).await?;
    deletion_sql::delete_user(work.tx, login.user).await?;
    erasure::request(work, &subject, now.after(ending.after)).await?;
    work.after_commit(move |app| app.identities.forget_person(login.person));
    Ok(())
}

async fn archive(work: &mut Work<'_>, group: GroupId) -> Result<()> {
    let Some(kind) = deletion_sql::archive(work.tx, group, work.now).await? else { return Ok(()) };
    let metadata = Json::of(&json!({
        "type": kind, "changes": {"status": {"from": "active", "to": "archived"}},
    }))?;
    work.announce(group, "entity_archived", group, &metadata).await
}

/// The groups they are alone in, unless there is one whose members would be left without an owner.
async fn may_go(tx: &mut Tx, login: Login) -> Result<Vec<GroupId>> {
    let owned = deletion_sql::only_owner_of(tx, login.person, login.home).await?;
    if let Some(group) = owned.iter().find(|group| group.keeps) {
        return Err(Error::new(
            ErrorKind::Conflict,
            "only_owner",
            format!(
                "You are the only owner of `{}`: make somebody else an owner of it, or archive \
                 it, and delete your account then.",
                group.name
            ),
        ));
    }
    Ok(owned.into_iter().map(|group| group.id).collect())
}

/// Whether an account may end, as far as groups depend on it.
///
/// # Errors
/// 409 `only_owner`.
pub(crate) async fn may_end(tx: &mut Tx, login: Login) -> Result<()> {
    may_go(tx, login).await.map(drop)
}

/// Somebody with a login, as whoever erases them or tells them what is held has to know them.
///
/// # Errors
/// 404 when there is no such login.
pub(crate) async fn subject(tx: &mut Tx, login: Login) -> Result<Subject> {
    let account = sql::view(tx, login.user).await?.ok_or_else(Error::not_found)?;
    let mut groups = vec![login.home];
    groups.extend(deletion_sql::theirs_alone(tx, login.person, login.home).await?);
    groups.extend(deletion_sql::removed_of(tx, login.person).await?);
    Ok(Subject {
        person: login.person,
        user: Some(login.user),
        email: Some(account.email),
        email_proven: account.email_verified,
        groups,
        contents: Contents::Keep,
        requested_by: None,
    })
}

fn invalid() -> Error {
    Error::new(
        ErrorKind::NotFound,
        "invalid_token",
        "This link is not valid, has expired, or belongs to somebody else; ask for a new one.",
    )
}
