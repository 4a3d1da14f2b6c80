//! The verbs: ask for a link, use one.

use std::time::Duration;

use kernel::mail::Letter;
use kernel::{Caller, Work};
use types::{Checks, Error, ErrorKind, Json, Result};

use super::model::{Asked, Good, Leads, Urls};
use crate::IdentityApp;
use crate::accounts;
use crate::callback::with_query;
use crate::challenges::{self, Purpose};
use crate::entry::{self, Entry, Way};
use crate::sessions::{self, Device, Minted, Surface};
use crate::tries;

const NAME_MAX: usize = 100;
/// No token of ours is longer.
const TOKEN_MAX: usize = 128;
/// Where the page of a link is.
const PATH: &str = "/v1/auth/magic-link/verify";

/// Mails a link and gives it. No account is looked at: who has one and who has none cannot be told
/// apart. The letter says nothing that whoever asked has written.
///
/// # Errors
/// 422 `invalid_email` or what is wrong with the name; 403 for a place one may not be sent to; 429.
pub(super) async fn ask(
    house: &IdentityApp,
    caller: &Caller,
    device: &Device,
    email: &str,
    name: Option<&str>,
    leads: Leads,
) -> Result<String> {
    if let Leads::Here(urls) = &leads {
        check(house, urls)?;
    }
    let email = accounts::normalized(email);
    let name = name.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
    let mut checks = Checks::new();
    checks.email("/email", &email);
    if let Some(name) = &name {
        checks.text("/name", name, 1, NAME_MAX);
    }
    checks.done()?;
    tries::count_letter(house, device, &email)?;

    let (inside, asked) = (house.clone(), Asked { email, name });
    house
        .change_unbound(caller, async move |work| {
            work.silently();
            let payload = Json::of(&asked)?;
            let life =
                Duration::from_secs(u64::from(inside.parts.settings.magic_link_minutes) * 60);
            let token =
                challenges::issue(work, &inside, Purpose::MagicLink, None, &payload, life).await?;
            let url = link(&inside, &leads, token.reveal());
            let letter = Letter::new("magic_link", &asked.email).link(url.clone(), token.reveal());
            work.post(&letter).await?;
            Ok(url)
        })
        .await
}

/// Whether a browser may be sent to all of them.
///
/// # Errors
/// 403 `invalid_callback_url`.
pub(super) fn check(house: &IdentityApp, urls: &Urls) -> Result<()> {
    urls.named().try_for_each(|(_, url)| house.check_callback(Some(url)))
}

/// Made from the configured addresses only, never from a request's headers.
fn link(house: &IdentityApp, leads: &Leads, token: &str) -> String {
    match leads {
        Leads::ToTheApp => with_query(&format!("{}/login", house.app_url()), &[("token", token)]),
        Leads::Here(urls) => {
            let query: Vec<_> = std::iter::once(("token", token)).chain(urls.named()).collect();
            house.link(PATH, &query)
        }
    }
}

/// Uses a link: whoever has it reads the mail of its address, so the account of that address is
/// theirs, and is made if there is none.
///
/// # Errors
/// 401 `invalid_token`; 403 `banned_user`, and `new_user_signup_disabled` when there is no account
/// and people may not make one; 429.
pub(super) async fn redeem(
    house: &IdentityApp,
    caller: &Caller,
    device: Device,
    token: &str,
) -> Result<Good> {
    tries::count(house, "magic_links", &device)?;
    if token.len() > TOKEN_MAX {
        return Err(unknown());
    }
    // Rubbish costs a look, not a turn at writing.
    let (inside, now, sought) = (house.clone(), house.now(), token.to_owned());
    let found = house
        .db
        .unbound()
        .read(async move |tx| challenges::look(tx, &inside, Purpose::MagicLink, &sought, now).await)
        .await?;
    if found.is_none() {
        return Err(unknown());
    }
    let (inside, token) = (house.clone(), token.to_owned());
    let minted = Minted::new(house, Surface::Opaque, true);
    house
        .change_unbound(caller, async move |work| {
            let now = work.now;
            let taken = challenges::take(work.tx, &inside, Purpose::MagicLink, &token, now).await?;
            let taken = taken.ok_or_else(unknown)?;
            let asked: Asked = serde_json::from_str(taken.payload.as_str())?;
            enter(work, &inside, &asked, &minted, &device).await
        })
        .await
}

async fn enter(
    work: &mut Work<'_>,
    house: &IdentityApp,
    asked: &Asked,
    minted: &Minted,
    device: &Device,
) -> Result<Good> {
    let found = accounts::by_email(work.tx, &asked.email).await?.map(|found| found.login);
    let is_new = found.is_none();
    let login = match found {
        Some(login) => {
            accounts::prove_address(work, login, None).await?;
            login
        }
        None if !house.parts.settings.sign_up => return Err(closed()),
        None => {
            let name = asked.name.clone().unwrap_or_else(|| accounts::name_of(&asked.email));
            accounts::create_without_password(work, house, &name, &asked.email, None, true).await?
        }
    };
    let entry = entry::enter(work, house, login.user, Way::MagicLink, minted, device).await?;
    let session = match &entry {
        Entry::In(entered) => sessions::view(work.tx, entered.session).await?,
        Entry::SecondFactor(_) => None,
    };
    Ok(Good { entry, session, is_new })
}

fn unknown() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "invalid_token",
        "This link was used already, or is too old; ask for a new one.",
    )
}

fn closed() -> Error {
    Error::new(
        ErrorKind::Forbidden,
        "new_user_signup_disabled",
        "Nobody has an account with this address, and people cannot make accounts by themselves.",
    )
}
