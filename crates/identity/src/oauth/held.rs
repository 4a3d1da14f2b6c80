//! Accounts at providers that are already linked: their tokens, what they say, and letting go.

use std::sync::Arc;
use std::time::Duration;

use kernel::Caller;
use serde_json::json;
use tokio::sync::{Mutex, MutexGuard};
use types::{AccountId, Error, ErrorKind, Result, UserId};

use super::arrive::slot;
use super::grants::{self, Grant};
use super::model::AccountChoice;
use super::profile::{self, Profile};
use super::provider::Provider;
use super::sql::{self, Held};
use crate::IdentityApp;
use crate::accounts;
use crate::audit;
use crate::sessions;

/// An access token that ends within this is renewed.
const SOON: Duration = Duration::from_secs(5);
/// Accounts renewed side by side; two with the same remainder wait for each other.
const LANES: usize = 64;

/// An account whose tokens were opened.
pub(super) struct Opened {
    pub(super) held: Held,
    pub(super) grant: Grant,
    pub(super) scopes: Option<String>,
}

/// Of each account one renewal at a time: a provider takes a refresh token that comes twice for
/// stolen.
pub(super) struct Renewals(Vec<Mutex<()>>);

impl Default for Renewals {
    fn default() -> Self {
        Self(std::iter::repeat_with(Mutex::default).take(LANES).collect())
    }
}

impl Renewals {
    async fn alone(&self, id: AccountId) -> Option<MutexGuard<'_, ()>> {
        let at = usize::from(id.0.as_bytes()[15]) % LANES;
        Some(self.0.get(at)?.lock().await)
    }
}

/// The account that is meant.
///
/// # Errors
/// 401 for nobody and for API keys; 403 `impersonating`; 400 `account_not_found`.
async fn chosen(house: &IdentityApp, caller: &Caller, choice: &AccountChoice) -> Result<Held> {
    let who = sessions::present(caller)?;
    // Tokens of a provider reach further than this house.
    sessions::not_impersonating(caller)?;
    let user = who.user;
    let all = house.db.unbound().read(async move |tx| sql::of_user(tx, user).await).await?;
    pick(all, user, choice).ok_or_else(not_found)
}

fn pick(all: Vec<Held>, user: UserId, choice: &AccountChoice) -> Option<Held> {
    if choice.account_id.is_none() && choice.provider_id.is_none() {
        return None;
    }
    if let Some(named) = &choice.user_id
        && named.parse::<UserId>().ok() != Some(user)
    {
        return None;
    }
    let wanted = choice.provider_id.as_deref().map(|id| match id {
        // As that client calls it.
        "credential" => "password",
        other => other,
    });
    let account = choice.account_id.as_deref();
    let id = account.and_then(|text| text.parse::<AccountId>().ok());
    all.into_iter().find(|held| {
        wanted.is_none_or(|provider| held.provider == provider)
            && account.is_none_or(|text| id == Some(held.id) || held.account == text)
    })
}

/// A token that is good now: the one that is kept, or a new one if it ends.
///
/// # Errors
/// As [`chosen`]; 400 `provider_not_supported`, `failed_to_get_access_token`.
pub(super) async fn access(
    house: &IdentityApp,
    caller: &Caller,
    choice: &AccountChoice,
) -> Result<(Opened, Arc<Provider>)> {
    let held = chosen(house, caller, choice).await?;
    let provider = supported(house, &held)?;
    let opened = open(house, held).await?;
    let now = house.now();
    let over = opened.grant.ends().is_some_and(|at| at <= now.after(SOON));
    if !over || opened.grant.refresh.is_none() {
        return Ok((opened, provider));
    }
    let renewed = renew(house, caller, &provider, opened).await.map_err(|error| {
        let message = "The provider gives no valid access token; link the account again.";
        refusal("failed_to_get_access_token", message).caused_by(why(&error))
    })?;
    Ok((renewed, provider))
}

/// New tokens, whether the old ones end or not.
///
/// # Errors
/// As [`chosen`]; 400 `provider_not_supported`, `refresh_token_not_found`,
/// `failed_to_refresh_access_token`.
pub(super) async fn refresh(
    house: &IdentityApp,
    caller: &Caller,
    choice: &AccountChoice,
) -> Result<Opened> {
    let held = chosen(house, caller, choice).await?;
    let provider = supported(house, &held)?;
    let opened = open(house, held).await?;
    if opened.grant.refresh.is_none() {
        let message = "The provider gave no refresh token; link the account again, asking for one.";
        return Err(refusal("refresh_token_not_found", message));
    }
    renew(house, caller, &provider, opened).await.map_err(|error| {
        let message = "The provider does not renew the access token; link the account again.";
        refusal("failed_to_refresh_access_token", message).caused_by(why(&error))
    })
}

/// What the provider says of somebody just now.
///
/// # Errors
/// As [`access`]; 401 `failed_to_get_user_info`; 503.
pub(super) async fn info(
    house: &IdentityApp,
    caller: &Caller,
    choice: &AccountChoice,
) -> Result<(Held, Profile)> {
    let (opened, provider) = access(house, caller, choice).await?;
    let subject = Some(opened.held.account.as_str());
    let found = profile::of_access_token(house, &provider, &opened.grant, subject).await;
    let profile = found.map_err(|error| match error.code() {
        "unable_to_get_user_info" => Error::new(
            ErrorKind::Unauthenticated,
            "failed_to_get_user_info",
            "The provider does not say who this is; link the account again.",
        ),
        _ => error,
    })?;
    Ok((opened.held, profile))
}

/// Renews what `seen` holds, unless somebody else did so while we waited: then theirs is taken.
async fn renew(
    house: &IdentityApp,
    caller: &Caller,
    provider: &Provider,
    seen: Opened,
) -> Result<Opened> {
    let id = seen.held.id;
    let _lane = house.providers.renewals().alone(id).await;
    let current = again(house, id).await?;
    if current.held.tokens != seen.held.tokens {
        return Ok(current);
    }
    let token = current.grant.refresh.clone().ok_or_else(not_found)?;
    let granted = match grants::refresh(house, provider, &token).await {
        Ok(granted) => granted.or(current.grant.clone()),
        Err(error) => {
            // Another node may have been faster.
            let after = again(house, id).await?;
            return if after.held.tokens == current.held.tokens { Err(error) } else { Ok(after) };
        }
    };
    let (user, before) = (current.held.user, current.held.tokens.unwrap_or_default());
    house
        .change(caller, async move |work| {
            work.silently();
            let known = sql::by_user(work.tx, user).await?.ok_or_else(not_found)?;
            let (now, vault) = (work.now, work.app().vault.clone());
            let text = serde_json::to_vec(&granted)?;
            let sealed = vault.seal(work.tx, now, slot(known.login, id), &text).await?;
            sql::replace(work.tx, id, &before, &sealed, granted.ends(), now).await
        })
        .await?;
    again(house, id).await
}

async fn again(house: &IdentityApp, id: AccountId) -> Result<Opened> {
    let held = house.db.unbound().read(async move |tx| sql::find(tx, id).await).await?;
    open(house, held.ok_or_else(not_found)?).await
}

async fn open(house: &IdentityApp, held: Held) -> Result<Opened> {
    let (id, user) = (held.id, held.user);
    let Some(sealed) = held.tokens.clone() else {
        let message = "No token of the provider is kept for this account; link it again.";
        return Err(refusal("access_token_not_found", message));
    };
    let vault = house.vault.clone();
    let grant: Grant = house
        .db
        .unbound()
        .read(async move |tx| {
            let known = sql::by_user(tx, user).await?.ok_or_else(accounts::wrong)?;
            let text = vault.open(tx, slot(known.login, id), &sealed).await?;
            Ok(serde_json::from_slice(text.reveal())?)
        })
        .await?;
    let scopes = held.scopes.clone();
    Ok(Opened { held, grant, scopes })
}

/// Lets go of an account, unless it is the last way in.
///
/// # Errors
/// 401; 403 `session_not_fresh`, `impersonating`; 400 `account_not_found`,
/// `failed_to_unlink_last_account`.
pub(super) async fn unlink(
    house: &IdentityApp,
    caller: &Caller,
    choice: AccountChoice,
) -> Result<()> {
    let user = sessions::fresh(house, caller)?.user;
    house
        .change(caller, async move |work| {
            let all = sql::of_user(work.tx, user).await?;
            if sql::ways(work.tx, user).await? <= 1 {
                let message = "This is the last way into the account; add another one first.";
                return Err(refusal("failed_to_unlink_last_account", message));
            }
            let held = pick(all, user, &choice).ok_or_else(not_found)?;
            let known = sql::by_user(work.tx, user).await?.ok_or_else(not_found)?;
            if !sql::delete(work.tx, held.id, user).await? {
                return Err(not_found());
            }
            let metadata = json!({ "accountId": held.id, "provider": held.provider });
            audit::tell(work, known.login, "account_unlinked", metadata).await
        })
        .await
}

fn supported(house: &IdentityApp, held: &Held) -> Result<Arc<Provider>> {
    house.providers.get(&held.provider).ok_or_else(|| {
        refusal("provider_not_supported", "This server does not know the account's provider.")
    })
}

fn why(error: &Error) -> String {
    error.cause().unwrap_or_else(|| error.code().to_owned())
}

fn not_found() -> Error {
    refusal("account_not_found", "You have no such account at a provider.")
}

fn refusal(code: &'static str, message: &'static str) -> Error {
    Error::new(ErrorKind::Malformed, code, message)
}
