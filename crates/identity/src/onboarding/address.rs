//! Proving the address of an account by six digits from a letter.
//!
//! A code is good once, for a quarter of an hour and five tries, and only for the account and the
//! address it was sent to; a new one ends the one before. Five tries at each of six codes an hour
//! guess one in thirty thousand.

use std::time::Duration;

use kernel::mail::Letter;
use kernel::{Caller, Limit};
use serde_json::json;
use types::{Error, ErrorKind, Json, Result, Secret};

use super::model::{Onboarding, Step};
use super::rules::{found, shown, take};
use crate::IdentityApp;
use crate::accounts::{self, Account};
use crate::audit;
use crate::challenges::{self, Purpose};
use crate::sessions::{not_impersonating, present};
use crate::tries;
use crate::two_factor::codes;

const LIFE: Duration = Duration::from_secs(15 * 60);
const TRIES: i64 = 5;
/// One letter and five more.
const LETTERS: Limit = Limit::per_minutes(6, 60);

/// Mails a code. Nothing is sent to an address that is proven already.
///
/// # Errors
/// 401; 403 `impersonating`; 429 after too many letters.
pub(super) async fn send(house: &IdentityApp, caller: &Caller) -> Result<()> {
    let who = present(caller)?;
    not_impersonating(caller)?;
    let (account, _) = house.store(caller).read(async move |tx| found(tx, who).await).await?;
    if account.email_verified {
        return Ok(());
    }
    let by = who.user.to_string();
    let _counted = house.limits.take("address_codes", &[&by], LETTERS, house.now())?;
    let _places = tries::letter(house, &account.email, Some(&by))?;
    let (inside, code) = (house.clone(), Secret::new(codes::email_code(&house.random)));
    house
        .change_unbound(caller, async move |work| {
            let (account, _) = found(work.tx, who).await?;
            challenges::revoke_of(work.tx, Purpose::AddressCode, who.user).await?;
            let (token, nothing) = (binding(&account, code.reveal()), Json::empty());
            let (purpose, user) = (Purpose::AddressCode, Some(who.user));
            challenges::issue_as(work, &inside, purpose, &token, user, &nothing, LIFE).await?;
            let letter = Letter::new("address_code", &account.email).name(&account.name);
            work.post(&letter.code(code.reveal())).await?;
            let told = json!({ "method": "code" });
            audit::tell(work, account.login(), "email_verification_sent", told).await
        })
        .await
}

/// Takes a code: the address is proven.
///
/// # Errors
/// 401; 403 `impersonating`; 422 `invalid_code`, `code_expired` also when none was sent; 429
/// `too_many_tries`, after which only a new code helps.
pub(super) async fn verify(
    house: &IdentityApp,
    caller: &Caller,
    code: Secret<String>,
) -> Result<Onboarding> {
    let who = present(caller)?;
    not_impersonating(caller)?;
    let inside = house.clone();
    house
        .change_unbound(caller, async move |work| {
            let (account, way) = found(work.tx, who).await?;
            if account.email_verified {
                return Ok(Ok(shown(&account, &way)));
            }
            let (purpose, now) = (Purpose::AddressCode, work.now);
            let Some(tried) = challenges::count_try(work.tx, purpose, who.user, now).await? else {
                return Err(expired());
            };
            let token = binding(&account, &codes::typed(code.reveal()));
            let right = tried <= TRIES
                && challenges::take(work.tx, &inside, purpose, &token, now).await?.is_some();
            if !right {
                // Committed: a try that is undone would not be counted.
                work.silently();
                return Ok(Err(if tried < TRIES { wrong() } else { too_many() }));
            }
            accounts::prove_by_code(work, &inside, &account).await?;
            let (account, way) = found(work.tx, who).await?;
            take(work, &account, way, Step::EmailVerification).await.map(Ok)
        })
        .await?
}

fn binding(account: &Account, code: &str) -> String {
    format!("{}:{}:{code}", account.id, account.email)
}

fn wrong() -> Error {
    Error::invalid("/code", "invalid_code", "is not the code that was sent.")
}

fn expired() -> Error {
    let message = "has expired, or none was sent; ask for another one.";
    Error::invalid("/code", "code_expired", message)
}

fn too_many() -> Error {
    Error::new(ErrorKind::TooFast, "too_many_tries", "Too many wrong codes; ask for another one.")
        .retry_after(1)
}
