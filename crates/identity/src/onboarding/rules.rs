//! How far somebody has come, and what makes a step.

use database::Tx;
use kernel::{Caller, Limit, Work};
use serde_json::json;
use types::{Checks, Error, Result};
use world::{groups, people};

use super::model::{Availability, Onboarding, Step, StepTaken, Taken, Wallet, Wanted, Way};
use super::sql;
use crate::IdentityApp;
use crate::accounts::{self, Account};
use crate::audit;
use crate::sessions::{Present, present};

/// Questions for names, by person.
const QUESTIONS: Limit = Limit::per_minutes(30, 1);
/// Nobody is in before these; the others may be left out.
const NEEDED: [Step; 3] = [Step::EmailVerification, Step::Profile, Step::Workspace];

/// How far the caller has come.
///
/// # Errors
/// 401 for nobody and for an API key.
pub(super) async fn get(house: &IdentityApp, caller: &Caller) -> Result<Onboarding> {
    let who = present(caller)?;
    house
        .store(caller)
        .read(async move |tx| {
            let (account, way) = found(tx, who).await?;
            Ok(shown(&account, &way))
        })
        .await
}

pub(super) async fn found(tx: &mut Tx, who: Present) -> Result<(Account, Way)> {
    let account = accounts::view(tx, who.user).await?.ok_or_else(Error::unauthenticated)?;
    Ok((account, sql::find(tx, who.person).await?.unwrap_or_default()))
}

/// Proving an address counts wherever it was done: by a link or through a provider, too.
fn is_done(account: &Account, taken: &Taken, step: Step) -> bool {
    taken.contains_key(&step) || (step == Step::EmailVerification && account.email_verified)
}

pub(super) fn shown(account: &Account, way: &Way) -> Onboarding {
    let steps = Step::ALL.map(|name| StepTaken {
        name,
        progress: name.progress(),
        done: is_done(account, &way.taken, name),
        completed_at: way.taken.get(&name).copied(),
    });
    let wallet = way.wallet.clone().zip(way.chain);
    Onboarding {
        progress: steps.iter().filter(|one| one.done).map(|one| one.progress).max().unwrap_or(0),
        next_step: steps.iter().find(|one| !one.done).map(|one| one.name),
        steps: steps.into(),
        workspace_id: way.workspace,
        wallet: wallet.map(|(address, chain_id)| Wallet { address, chain_id }),
    }
}

/// Notes that a step was taken, with what else changed of the way; the first time tells the log.
pub(super) async fn take(
    work: &mut Work<'_>,
    account: &Account,
    mut way: Way,
    step: Step,
) -> Result<Onboarding> {
    let first = !way.taken.contains_key(&step);
    if first {
        way.taken.insert(step, work.now);
    }
    if !sql::store(work.tx, account.person_id, &way, work.now).await? {
        return Err(Error::overloaded("Another step is being taken; try again."));
    }
    if first {
        let metadata = json!({ "step": step, "progress": step.progress() });
        audit::tell(work, account.login(), "onboarding_step_completed", metadata).await?;
    } else {
        audit::tell(work, account.login(), "profile_updated", json!({ "step": step })).await?;
    }
    Ok(shown(account, &way))
}

/// Ends the way in. Who is in already stays so.
///
/// # Errors
/// 401; 409 `step_missing` naming the first step without which nobody is in.
pub(super) async fn complete(house: &IdentityApp, caller: &Caller) -> Result<Onboarding> {
    let who = present(caller)?;
    house
        .change(caller, async move |work| {
            let (account, way) = found(work.tx, who).await?;
            if way.taken.contains_key(&Step::Complete) {
                return Ok(shown(&account, &way));
            }
            if let Some(step) = NEEDED.iter().find(|step| !is_done(&account, &way.taken, **step)) {
                let name = json!(step);
                return Err(Error::conflict(
                    "step_missing",
                    format!("Take the step {name} first; `steps` tells which were taken."),
                ));
            }
            take(work, &account, way, Step::Complete).await
        })
        .await
}

/// Whether a username or a slug can be had just now.
///
/// # Errors
/// 401; 422 for none, for both, and for a name that nobody can have; 429.
pub(super) async fn availability(
    house: &IdentityApp,
    caller: &Caller,
    wanted: Wanted,
) -> Result<Availability> {
    let who = present(caller)?;
    let _counted =
        house.limits.take("availability", &[&who.user.to_string()], QUESTIONS, house.now())?;
    let mut checks = Checks::new();
    match (&wanted.username, &wanted.slug) {
        (Some(name), None) => checks.that(
            people::rules::is_username(name),
            "username",
            "invalid_username",
            "must be 3 to 20 of a-z, 0-9 and `_`.",
        ),
        (None, Some(slug)) => checks.slug("slug", slug),
        _ => checks.that(false, "username", "missing_field", "or `slug` is needed, not both."),
    };
    checks.done()?;
    house
        .store(caller)
        .read(async move |tx| {
            let username = wanted.username.as_deref().unwrap_or_default();
            let available = match &wanted.slug {
                Some(slug) => groups::known::is_free(tx, slug).await?,
                None => !people::rules::is_username_taken(tx, username, who.person).await?,
            };
            Ok(Availability { available })
        })
        .await
}
