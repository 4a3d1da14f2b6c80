//! The verbs: sign up, sign in, who am I.

use kernel::{Caller, Work};
use types::{Checks, Error, ErrorKind, Result, Secret, UserId};

use super::model::{Account, Entered, NewAccount};
use super::{callback, home, sql};
use crate::IdentityApp;
use crate::passwords::Verdict;
use crate::sessions::{self, Device, Login, Minted, Surface};

const NAME_MAX: usize = 100;
const IMAGE_MAX: usize = 2_048;

/// A checked account with its password hashed: all that takes time is done before the
/// transaction.
pub(crate) struct Prepared {
    name: String,
    email: String,
    image: Option<String>,
    hash: String,
}

/// Addresses are compared in lower case, without the space around them.
fn normalized(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Checks what an account is to be made of and hashes its password.
///
/// # Errors
/// 422 naming what is wrong; 503 when too many passwords wait.
pub(crate) async fn prepare(house: &IdentityApp, new: NewAccount) -> Result<Prepared> {
    let (name, email) = (new.name.trim().to_owned(), normalized(&new.email));
    let mut checks = Checks::new();
    checks.text("/name", &name, 1, NAME_MAX).email("/email", &email);
    if let Some(image) = &new.image {
        let web = ["https://", "http://", "data:image/"].iter().any(|head| image.starts_with(head));
        checks.text("/image", image, 1, IMAGE_MAX).that(
            web,
            "/image",
            "invalid_url",
            "must be an http(s) address of a picture.",
        );
    }
    checks.done()?;
    house.parts.passwords.check_new(&new.password)?;
    let hash = house.parts.passwords.hash(&house.random, &new.password).await?;
    Ok(Prepared { name, email, image: new.image, hash })
}

/// Makes the login, the person and their home in an open transaction.
///
/// # Errors
/// 409 `user_already_exists`.
pub(crate) async fn create(
    work: &mut Work<'_>,
    house: &IdentityApp,
    new: &Prepared,
) -> Result<Login> {
    let (now, user) = (work.now, UserId(work.id()));
    if !sql::insert(work.tx, user, &new.name, &new.email, new.image.as_deref(), now).await? {
        return Err(Error::conflict(
            "user_already_exists",
            "Somebody with this e-mail address has an account; sign in, or use another address.",
        ));
    }
    let id = work.id();
    sql::insert_password(work.tx, id, user, &new.hash, now).await?;
    let plan = &house.parts.settings.default_plan;
    let (person, home) = home::make(work, user, &new.name, &new.email, plan).await?;
    Ok(Login { user, person, home })
}

/// Begins a session for somebody whose identity is proven, in the same transaction.
///
/// # Errors
/// 401 when the account vanished meanwhile.
pub(crate) async fn begin(
    work: &mut Work<'_>,
    house: &IdentityApp,
    user: UserId,
    minted: &Minted,
    device: &Device,
) -> Result<Entered> {
    let account = sql::view(work.tx, user).await?.ok_or_else(wrong)?;
    let login = Login { user, person: account.person_id, home: account.personal_group_id };
    let session = sessions::open(work, house, login, minted, device).await?;
    Ok(Entered { account, session, token: minted.token.text.clone() })
}

/// Makes an account and signs it in.
///
/// # Errors
/// As [`prepare`] and [`create`].
pub(super) async fn sign_up(
    house: &IdentityApp,
    caller: &Caller,
    new: NewAccount,
    device: Device,
    surface: Surface,
) -> Result<Entered> {
    let new = prepare(house, new).await?;
    let (inside, minted) = (house.clone(), Minted::new(house, surface));
    house
        .change(caller, async move |work| {
            let login = create(work, &inside, &new).await?;
            begin(work, &inside, login.user, &minted, &device).await
        })
        .await
}

/// Signs in. A wrong password and an unknown address look the same and take as long.
///
/// # Errors
/// 401 `invalid_credentials`; 422 for what cannot be an address or a password; 503.
pub(super) async fn sign_in(
    house: &IdentityApp,
    caller: &Caller,
    email: &str,
    password: &Secret<String>,
    device: Device,
    surface: Surface,
) -> Result<Entered> {
    let email = normalized(email);
    let mut checks = Checks::new();
    checks.email("/email", &email);
    checks.done()?;
    let passwords = &house.parts.passwords;
    passwords.check_size(password)?;

    let found = house.db.read(async move |tx| sql::by_email(tx, &email).await).await?;
    let (user, stored) = match found {
        Some((user, stored)) => (Some(user), stored),
        None => (None, None),
    };
    let verdict = passwords.verify(&house.random, password, stored.clone()).await?;
    let user = match (verdict, user) {
        (Verdict::Right | Verdict::Outdated, Some(user)) => user,
        (Verdict::Wrong, _) | (_, None) => return Err(wrong()),
    };
    let renewed = match (verdict, stored) {
        (Verdict::Outdated, Some(old)) => {
            Some((old, passwords.hash(&house.random, password).await?))
        }
        _ => None,
    };
    let (inside, minted) = (house.clone(), Minted::new(house, surface));
    house
        .change(caller, async move |work| {
            if let Some((old, new)) = &renewed {
                let now = work.now;
                sql::renew_password(work.tx, user, old, new, now).await?;
            }
            begin(work, &inside, user, &minted, &device).await
        })
        .await
}

/// The login of whoever calls.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn find(house: &IdentityApp, user: UserId) -> Result<Option<Account>> {
    house.db.read(async move |tx| sql::view(tx, user).await).await
}

/// Whether a browser may be sent there after signing in.
///
/// # Errors
/// 403 `invalid_callbackurl`.
pub(super) fn check_callback(house: &IdentityApp, url: Option<&str>) -> Result<()> {
    url.map_or(Ok(()), |url| callback::check(url, [&house.parts.callbacks, &house.parts.origins]))
}

fn wrong() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "invalid_credentials",
        "The e-mail address or the password is wrong.",
    )
}
