//! Making accounts for others: checked first, then stored in an open transaction.

use kernel::Work;
use types::{Checks, Error, Result, Time, UserId};

use super::sql::{self, NewRow};
use crate::IdentityApp;
use crate::accounts::{self, normalized};
use crate::sessions::Login;

/// An account elsewhere.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Linked {
    pub(super) provider: String,
    pub(super) issuer: String,
    pub(super) account: String,
}

/// A checked account.
pub(super) struct Fresh {
    pub(super) id: Option<UserId>,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) email_verified: bool,
    pub(super) image: Option<String>,
    pub(super) created_at: Option<Time>,
    /// Of its password; without one, nobody signs in with a password.
    pub(super) hash: Option<String>,
    pub(super) accounts: Vec<Linked>,
}

impl Fresh {
    /// An account with a name and an address, and nothing else yet.
    ///
    /// # Errors
    /// 422 naming what is wrong.
    pub(super) fn checked(name: &str, email: &str, image: Option<String>) -> Result<Self> {
        let (name, email) = (name.trim().to_owned(), normalized(email));
        let mut checks = Checks::new();
        checks.email("/email", &email);
        accounts::check_profile(&mut checks, Some(&name), image.as_deref())?;
        Ok(Self {
            id: None,
            name,
            email,
            email_verified: false,
            image,
            created_at: None,
            hash: None,
            accounts: Vec::new(),
        })
    }
}

/// The one answer to an id that is in use.
pub(super) fn id_taken() -> Error {
    Error::conflict("id_taken", "Another account has this id.")
}

/// Makes the login, the person and their home; none when the address has an account.
///
/// # Errors
/// 409 `id_taken` or `account_taken`.
pub(super) async fn make(
    work: &mut Work<'_>,
    house: &IdentityApp,
    new: &Fresh,
) -> Result<Option<Login>> {
    let now = work.now;
    if sql::by_email(work.tx, &new.email, now).await?.is_some() {
        return Ok(None);
    }
    if let Some(id) = new.id
        && sql::exists(work.tx, id).await?
    {
        return Err(id_taken());
    }
    insert(work, house, new).await
}

/// The same for who has looked already whether address and id are free.
///
/// # Errors
/// 409 `account_taken`.
pub(super) async fn insert(
    work: &mut Work<'_>,
    house: &IdentityApp,
    new: &Fresh,
) -> Result<Option<Login>> {
    let now = work.now;
    let user = new.id.unwrap_or_else(|| UserId(work.id()));
    let row = NewRow {
        id: user,
        email: &new.email,
        email_verified: new.email_verified,
        name: &new.name,
        image: new.image.as_deref(),
        created_at: new.created_at.unwrap_or(now),
        now,
    };
    if !sql::insert(work.tx, &row).await? {
        return Ok(None);
    }
    if let Some(hash) = &new.hash {
        let id = work.id();
        sql::set_password(work.tx, id, user, hash, now).await?;
    }
    for one in &new.accounts {
        let (id, account) = (work.id(), (&*one.provider, &*one.issuer, &*one.account));
        if !sql::insert_account(work.tx, id, user, account, now).await? {
            return Err(Error::conflict(
                "account_taken",
                "Somebody else signs in with one of these accounts.",
            ));
        }
    }
    let plan = &house.parts.settings.default_plan;
    let (person, home) = accounts::make_home(work, user, &new.name, &new.email, plan).await?;
    Ok(Some(Login { user, person, home }))
}
