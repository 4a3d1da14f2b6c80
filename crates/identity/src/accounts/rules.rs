//! The verbs: sign up, sign in, who am I.

use kernel::events::NewEvent;
use kernel::{Caller, Work};
use serde_json::json;
use types::{Checks, Error, ErrorKind, GroupId, Json, Result, Secret, UserId};

use super::address::normalized;
use super::model::{Account, NewAccount};
use super::proof::prove_address;
use super::{address, home, sign_up, sql, verification};
use crate::IdentityApp;
use crate::entry::{self, Entered, Entry, Way};
use crate::passwords::Verdict;
use crate::sessions::{Device, Login, Minted, Surface};
use crate::setup;
use crate::tries::{self, Guessed};

const NAME_MAX: usize = 100;
const IMAGE_MAX: usize = 2_048;

/// A checked account with its password hashed: all that takes time is done before the
/// transaction.
#[derive(Clone)]
pub(crate) struct Prepared {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) image: Option<String>,
    pub(super) hash: String,
}

/// Checks a name and a picture.
///
/// # Errors
/// 422 naming what is wrong, with whatever `checks` found before.
pub(crate) fn check_profile(
    checks: &mut Checks,
    name: Option<&str>,
    image: Option<&str>,
) -> Result<()> {
    if let Some(name) = name {
        checks.text("/name", name, 1, NAME_MAX);
    }
    if let Some(image) = image {
        let web = ["https://", "http://", "data:image/"].iter().any(|head| image.starts_with(head));
        checks.text("/image", image, 1, IMAGE_MAX).that(
            web,
            "/image",
            "invalid_url",
            "must be an http(s) address of a picture.",
        );
    }
    checks.done()
}

/// Checks what an account is to be made of and hashes its password.
///
/// # Errors
/// 422 naming what is wrong; 503 when too many passwords wait.
pub(crate) async fn prepare(house: &IdentityApp, new: NewAccount) -> Result<Prepared> {
    let (name, email) = (new.name.trim().to_owned(), normalized(&new.email));
    let mut checks = Checks::new();
    checks.email("/email", &email);
    check_profile(&mut checks, Some(&name), new.image.as_deref())?;
    house.parts.passwords.check_new(&new.password, &[&name, &email])?;
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
        return Err(taken());
    }
    let id = work.id();
    sql::insert_password(work.tx, id, user, &new.hash, now).await?;
    let plan = &house.parts.settings.default_plan;
    let (person, home) = home::make(work, user, &new.name, &new.email, plan).await?;
    Ok(Login { user, person, home })
}

/// Makes a login nobody has a password for, with the person and their home; `email` is normalized.
/// `verified`: whoever asks has just proven that the address is theirs.
///
/// # Errors
/// 409 `user_already_exists`.
pub(crate) async fn create_without_password(
    work: &mut Work<'_>,
    house: &IdentityApp,
    name: &str,
    email: &str,
    image: Option<&str>,
    verified: bool,
) -> Result<Login> {
    let (now, user) = (work.now, UserId(work.id()));
    if !sql::insert(work.tx, user, name, email, image, now).await? {
        return Err(taken());
    }
    let plan = &house.parts.settings.default_plan;
    let (person, home) = home::make(work, user, name, email, plan).await?;
    let login = Login { user, person, home };
    if verified {
        prove_address(work, login, None).await?;
    }
    Ok(login)
}

/// What a new account is called whose owner did not say: what stands before the `@`.
pub(crate) fn name_of(email: &str) -> String {
    email.split('@').next().unwrap_or_default().to_owned()
}

/// How somebody comes in, and what for.
pub(super) struct Arrival {
    pub(super) device: Device,
    pub(super) surface: Surface,
    pub(super) remember: bool,
    /// Where the link of a letter that verifies the address leads.
    pub(super) callback: Option<String>,
}

/// Makes an account and signs it in, or — when addresses are to be proven first — only tells that
/// a letter is on its way: the same to somebody whose address has an account already.
///
/// # Errors
/// 403 `sign_up_disabled`, `invalid_callback_url`; 429; as [`prepare`] and [`create`].
pub(super) async fn sign_up(
    house: &IdentityApp,
    caller: &Caller,
    new: NewAccount,
    arrival: Arrival,
) -> Result<Welcome> {
    tries::count(house, "tries", &arrival.device)?;
    house.check_callback(arrival.callback.as_deref())?;
    if !house.parts.settings.sign_up {
        return Err(Error::new(
            ErrorKind::Forbidden,
            "sign_up_disabled",
            "Nobody can make an account here by themselves; ask whoever runs this service.",
        ));
    }
    let new = prepare(house, new).await?;
    if house.parts.settings.require_verified_email {
        let made = sign_up::unseen(house, caller, new, arrival.callback).await?;
        return Ok(Welcome::Waiting(Box::new(made)));
    }
    sign_up::seen(house, caller, new, arrival).await.map(|entered| Welcome::In(Box::new(entered)))
}

/// What came of a sign-up.
pub(super) enum Welcome {
    In(Box<Entered>),
    /// Not signed in: the address is to be proven first.
    Waiting(Box<Account>),
}

/// What came of a sign-in, as the transaction leaves it.
enum Outcome {
    In(Entry),
    Unverified,
}

/// Signs in. A wrong password and an unknown address look the same and take as long: one hash,
/// two reads, one event.
///
/// # Errors
/// 401 `invalid_credentials`; 403 `email_not_verified`, `banned_user`; 422 for what cannot be an
/// address or a password; 429, also for the right password; 503.
pub(super) async fn sign_in(
    house: &IdentityApp,
    caller: &Caller,
    email: &str,
    password: &Secret<String>,
    arrival: Arrival,
) -> Result<Entry> {
    tries::count(house, "tries", &arrival.device)?;
    house.check_callback(arrival.callback.as_deref())?;
    let email = address::checked("/email", email)?;
    house.parts.passwords.check_size(password)?;
    let guess = tries::guess(house, &arrival.device, &Guessed::Address(&email)).await?;
    let (login, verified, renewed) = match compare(house, &email, password).await {
        Err(error) => {
            guess.did_not_happen();
            return Err(error);
        }
        Ok(Compared::Right { login, verified, renewed }) => (login, verified, renewed),
        Ok(Compared::Wrong { login, platform }) => {
            tell_failure(house, caller, login, platform).await?;
            return Err(wrong());
        }
    };
    guess.was_right(house);
    let Arrival { device, surface, remember, callback } = arrival;
    let unverified = house.parts.settings.require_verified_email && !verified;
    let write = unverified && tries::may_send(house, &email);
    let (inside, minted) = (house.clone(), Minted::new(house, surface, remember));
    let outcome = house
        .change_unbound(caller, async move |work| {
            if let Some((old, new)) = &renewed {
                let now = work.now;
                work.silently();
                sql::renew_password(work.tx, login.user, old, new, now).await?;
            }
            if unverified {
                if write {
                    verification::post(work, &inside, login.user, callback.as_deref()).await?;
                }
                return Ok(Outcome::Unverified);
            }
            entry::enter(work, &inside, login.user, Way::Password, &minted, &device)
                .await
                .map(Outcome::In)
        })
        .await?;
    match outcome {
        Outcome::In(entry) => Ok(entry),
        Outcome::Unverified => Err(Error::new(
            ErrorKind::Forbidden,
            "email_not_verified",
            "Prove your address first: open the link in the mail we sent you.",
        )),
    }
}

/// What comparing gave.
enum Compared {
    Right {
        login: Login,
        verified: bool,
        /// The old hash and the one that takes its place.
        renewed: Option<(String, String)>,
    },
    Wrong {
        login: Option<Login>,
        platform: Option<GroupId>,
    },
}

async fn compare(house: &IdentityApp, email: &str, password: &Secret<String>) -> Result<Compared> {
    let (passwords, email) = (&house.parts.passwords, email.to_owned());
    let (found, platform) = house
        .db
        .unbound()
        .read(async move |tx| {
            Ok((sql::by_email(tx, &email).await?, setup::platform_group(tx).await?))
        })
        .await?;
    let stored = found.as_ref().and_then(|found| found.hash.clone());
    let verdict = passwords.verify(&house.random, password, stored.clone()).await?;
    let renewed = match (verdict, stored) {
        (Verdict::Outdated, Some(old)) => {
            Some((old, passwords.hash(&house.random, password).await?))
        }
        _ => None,
    };
    Ok(match (verdict, found) {
        (Verdict::Right | Verdict::Outdated, Some(found)) => {
            Compared::Right { login: found.login, verified: found.verified, renewed }
        }
        (_, found) => Compared::Wrong { login: found.map(|found| found.login), platform },
    })
}

/// One event either way: in the log of whoever was meant, or in the platform's.
async fn tell_failure(
    house: &IdentityApp,
    caller: &Caller,
    login: Option<Login>,
    platform: Option<GroupId>,
) -> Result<()> {
    house
        .change_unbound(caller, async move |work| {
            let metadata = Json::of(&json!({ "method": Way::Password.name() }))?;
            let person = login.map(|login| login.person);
            let Some(group) = login.map(|login| login.home).or(platform) else { return Ok(()) };
            let target = person.map(Into::into);
            let event =
                NewEvent::new(group, "sign_in_failed", target, &metadata).about("private", person);
            work.record(event).await?;
            Ok(())
        })
        .await
}

/// The login of whoever calls.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn find(house: &IdentityApp, user: UserId) -> Result<Option<Account>> {
    house.db.unbound().read(async move |tx| sql::view(tx, user).await).await
}

/// Marks an address as proven by whoever runs the installation.
///
/// # Errors
/// As the store.
pub(crate) async fn vouch(work: &mut Work<'_>, user: UserId) -> Result<()> {
    sql::verify(work.tx, user, work.now).await?;
    Ok(())
}

/// The one answer to a wrong password and an unknown address.
pub(crate) fn wrong() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "invalid_credentials",
        "The e-mail address or the password is wrong.",
    )
}

fn taken() -> Error {
    Error::conflict(
        "user_already_exists",
        "Somebody with this e-mail address has an account; sign in, or use another address.",
    )
}
