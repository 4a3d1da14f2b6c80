//! The verbs: set up, create an owner, boot.

use kernel::events::NewEvent;
use kernel::usage::{self, Metric};
use kernel::{App, Caller, Work};
use serde_json::json;
use types::{Error, ErrorKind, GroupId, Json, PersonId, Result, Secret};

use super::model::SetUp;
use super::sql;
use crate::accounts::{self, Account, NewAccount, Prepared};
use crate::entry::{self, Way};
use crate::sessions::{Device, Login, Minted, Surface};
use crate::{IdentityApp, token};

/// Prepares the store for this room: the platform's group exists. Safe to run at every
/// start, and by several servers at once.
///
/// # Errors
/// When the store cannot be written.
pub async fn boot(app: &App) -> Result<()> {
    let found = app.db.unbound().read(async |tx| sql::platform(tx).await).await?;
    if found.is_none() {
        app.change(&Caller::system("boot"), async |work| platform(work).await).await?;
    }
    Ok(())
}

/// Whether the first platform owner is still to be named.
///
/// # Errors
/// When the store cannot be read.
pub async fn is_open(app: &App) -> Result<bool> {
    app.db.unbound().read(async |tx| Ok(!sql::is_claimed(tx).await?)).await
}

/// Makes an account that owns the installation, for the command line: whoever runs it on this
/// machine needs no token. It also closes setup.
///
/// # Errors
/// 409 `user_already_exists`; 422 for what is wrong with name, address or password.
pub async fn create_owner(
    house: &IdentityApp,
    name: &str,
    email: &str,
    password: Secret<String>,
) -> Result<PersonId> {
    let new = NewAccount { name: name.to_owned(), email: email.to_owned(), password, image: None };
    let new = accounts::prepare(house, new).await?;
    let inside = house.clone();
    house
        .change(&Caller::system("admin create"), async move |work| {
            let now = work.now;
            sql::claim(work.tx, now).await?;
            Ok(make_owner(work, &inside, &new).await?.person)
        })
        .await
}

/// Names the first platform owner and signs them in.
///
/// # Errors
/// 401 `invalid_setup_token`; 409 `already_set_up` or `user_already_exists`; 422; 503.
pub(super) async fn set_up(
    house: &IdentityApp,
    caller: &Caller,
    form: SetUp,
    device: Device,
) -> Result<(Account, Secret<String>)> {
    if !token::same(form.token.reveal(), &house.keys.setup_token()) {
        return Err(Error::new(
            ErrorKind::Unauthenticated,
            "invalid_setup_token",
            "This is not the setup token; the server prints it when it starts.",
        ));
    }
    if !is_open(house).await? {
        return Err(already_set_up());
    }
    let new =
        NewAccount { name: form.name, email: form.email, password: form.password, image: None };
    let new = accounts::prepare(house, new).await?;
    let (inside, minted) = (house.clone(), Minted::new(house, Surface::Opaque, true));
    house
        .change_unbound(caller, async move |work| {
            let now = work.now;
            if !sql::claim(work.tx, now).await? {
                return Err(already_set_up());
            }
            let login = make_owner(work, &inside, &new).await?;
            let entered =
                entry::begin(work, &inside, login.user, Way::Setup, &minted, &device).await?;
            Ok((entered.account, entered.token))
        })
        .await
}

async fn make_owner(work: &mut Work<'_>, house: &IdentityApp, new: &Prepared) -> Result<Login> {
    let login = accounts::create(work, house, new).await?;
    // Whoever runs the installation vouches for the address: there may be no way to send mail yet.
    accounts::vouch(work, login.user).await?;
    let (group, now) = (platform(work).await?, work.now);
    sql::insert_owner(work.tx, group, login.person, now).await?;
    usage::take(work, group, Metric::Users, 1).await?;
    let person = login.person;
    work.after_commit(move |app| app.identities.forget_person(person));
    let metadata = Json::of(&json!({ "role": "platform_owner" }))?;
    let event =
        NewEvent::new(group, "user_joined_group", Some(person.into()), &metadata).by(Some(person));
    work.record(event).await?;
    Ok(login)
}

/// The platform's group, made when it is not there.
pub(crate) async fn platform(work: &mut Work<'_>) -> Result<GroupId> {
    if let Some(group) = sql::platform(work.tx).await? {
        return Ok(group);
    }
    let (group, now) = (GroupId(work.id()), work.now);
    if sql::insert_platform(work.tx, group, now).await? {
        let metadata = Json::of(&json!({ "type": "community", "slug": sql::PLATFORM }))?;
        work.announce(group, "group_created", group, &metadata).await?;
        return Ok(group);
    }
    // Another server was faster.
    work.silently();
    sql::platform(work.tx).await?.ok_or_else(|| Error::internal("the platform's group is gone"))
}

fn already_set_up() -> Error {
    Error::conflict(
        "already_set_up",
        "This installation has an owner; sign in, or run `sixfold admin create` for another one.",
    )
}
