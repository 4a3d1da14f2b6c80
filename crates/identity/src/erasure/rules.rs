//! Who is told what is held, and who erases whom.

use database::Tx;
use kernel::erasure::{self, Contents, Export, Subject};
use kernel::events::NewEvent;
use kernel::{Caller, Work};
use serde_json::json;
use types::{Error, Json, PersonId, Result, UserId};
use uuid::Uuid;

use crate::accounts::{self, Ending, normalized};
use crate::users::{self, owner_just_now};
use crate::{IdentityApp, audit, sessions, setup};

/// Opens what is held about whoever is signed in.
///
/// # Errors
/// 401 for nobody and for an API key; 403 `session_not_fresh`, `impersonating`.
pub(super) async fn export_own(house: &IdentityApp, caller: &Caller) -> Result<Export> {
    let who = sessions::fresh(house, caller)?;
    let subject = house
        .change_unbound(caller, async move |work| {
            let account =
                accounts::view(work.tx, who.user).await?.ok_or_else(Error::unauthenticated)?;
            audit::tell(work, account.login(), "account_exported", json!({})).await?;
            accounts::subject(work.tx, account.login()).await
        })
        .await?;
    Ok(Export::new(house, &house.rooms, subject, caller))
}

/// Opens what is held about somebody, for an owner of the platform.
///
/// # Errors
/// 401, 403, 403 `session_not_fresh`, 404.
pub(super) async fn export(house: &IdentityApp, caller: &Caller, id: UserId) -> Result<Export> {
    owner_just_now(house, caller)?;
    tell_somebody(house, caller, Whom::User(id)).await
}

/// Ends an account, if it has not ended, and has its person erased at once.
///
/// # Errors
/// 401, 403, 403 `session_not_fresh`; 404 where there is nobody to erase; 409 `own_account`,
/// `only_owner`.
pub(super) async fn erase(
    house: &IdentityApp,
    caller: &Caller,
    id: UserId,
    contents: Contents,
) -> Result<PersonId> {
    owner_just_now(house, caller)?;
    erase_somebody(house, caller, Whom::User(id), contents).await
}

/// Somebody who can be erased.
#[derive(Debug, Clone)]
pub(crate) enum Whom {
    /// With an account.
    User(UserId),
    /// Whose account has ended.
    Waiting(Box<Subject>),
}

/// Finds somebody by address, or by the id of the login or the person.
///
/// # Errors
/// As the store.
pub(crate) async fn look_for(tx: &mut Tx, who: &str) -> Result<Option<Whom>> {
    let ended = if who.contains('@') {
        let email = normalized(who);
        if let Some(found) = accounts::by_email(tx, &email).await? {
            return Ok(Some(Whom::User(found.login.user)));
        }
        erasure::unfinished(tx, &email).await?
    } else {
        let Some(id) = id_of(who) else { return Ok(None) };
        if let Some(user) = accounts::by_any_id(tx, id).await? {
            return Ok(Some(Whom::User(user)));
        }
        match erasure::find(tx, id).await? {
            None => erasure::of_rest(tx, PersonId(id)).await?,
            found => found,
        }
    };
    Ok(ended.map(|subject| Whom::Waiting(Box::new(subject))))
}

fn id_of(who: &str) -> Option<Uuid> {
    let user = who.parse::<UserId>().map(|id| id.0);
    user.or_else(|_| who.parse::<PersonId>().map(|id| id.0)).ok()
}

/// Whether somebody can be erased, as far as groups depend on them; nothing is changed.
///
/// # Errors
/// 404; 409 `only_owner`.
pub(crate) async fn may_be_erased(house: &IdentityApp, whom: &Whom) -> Result<()> {
    let Whom::User(id) = whom else { return Ok(()) };
    let (id, now) = (*id, house.now());
    house
        .db
        .unbound()
        .read(async move |tx| {
            let record = users::find_record(tx, id, now).await?.ok_or_else(Error::not_found)?;
            users::may_end(tx, &record).await
        })
        .await
}

/// Opens what is held about somebody; whoever calls has decided.
///
/// # Errors
/// 404.
pub(crate) async fn tell_somebody(
    house: &IdentityApp,
    caller: &Caller,
    whom: Whom,
) -> Result<Export> {
    let subject = match whom {
        Whom::Waiting(subject) => *subject,
        Whom::User(id) => {
            house
                .change(caller, async move |work| {
                    let now = work.now;
                    let record = users::find_record(work.tx, id, now).await?;
                    let login = record.ok_or_else(Error::not_found)?.login();
                    users::tell(work, login, "user_exported_by_owner", json!({})).await?;
                    accounts::subject(work.tx, login).await
                })
                .await?
        }
    };
    Ok(Export::new(house, &house.rooms, subject, caller))
}

/// Ends an account, if it has not ended, and leaves what erases its person at once; whoever calls
/// has decided.
///
/// # Errors
/// 404; 409 `own_account`, `only_owner`.
pub(crate) async fn erase_somebody(
    house: &IdentityApp,
    caller: &Caller,
    whom: Whom,
    contents: Contents,
) -> Result<PersonId> {
    house
        .change(caller, async move |work| match &whom {
            Whom::User(id) => erase_user(work, *id, contents).await,
            Whom::Waiting(subject) => hasten(work, subject, contents).await,
        })
        .await
}

async fn erase_user(work: &mut Work<'_>, id: UserId, contents: Contents) -> Result<PersonId> {
    let now = work.now;
    let Some(record) = users::find_record(work.tx, id, now).await? else {
        let waiting = erasure::find(work.tx, id.0).await?.ok_or_else(Error::not_found)?;
        return hasten(work, &waiting, contents).await;
    };
    let after = std::time::Duration::ZERO;
    let ending = Ending { after, contents, requested_by: work.me() };
    users::end(work, &record, "user_erased_by_owner", ending).await?;
    Ok(record.person_id)
}

/// The account has ended; what was to come later comes now.
async fn hasten(work: &mut Work<'_>, waiting: &Subject, contents: Contents) -> Result<PersonId> {
    let (me, now) = (work.me(), work.now);
    let subject = Subject { contents, requested_by: me, ..waiting.clone() };
    if let Some(platform) = setup::platform_group(work.tx).await? {
        let metadata = Json::of(&json!({ "userId": subject.user }))?;
        let target = Some(subject.person.into());
        let event = NewEvent::new(platform, "user_erased_by_owner", target, &metadata);
        work.record(event.about("private", me)).await?;
    }
    erasure::request(work, &subject, now).await?;
    Ok(subject.person)
}
