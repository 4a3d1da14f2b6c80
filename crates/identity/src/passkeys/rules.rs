//! The verbs of an owner: list, rename, remove.

use kernel::Caller;
use serde_json::json;
use types::{Checks, Error, ErrorKind, PasskeyId, Result};

use super::model::Passkey;
use super::sql;
use crate::IdentityApp;
use crate::sessions::{fresh, not_impersonating, present};
use crate::{accounts, audit};

pub(super) const NAME_MAX: usize = 100;
/// Passkeys of one account at most.
pub(super) const MOST: i64 = 50;

/// The passkeys of whoever is signed in.
///
/// # Errors
/// 401.
pub(super) async fn list(house: &IdentityApp, caller: &Caller) -> Result<Vec<Passkey>> {
    let user = present(caller)?.user;
    house.db.unbound().read(async move |tx| sql::list(tx, user, MOST).await).await
}

/// Gives one of them another name.
///
/// # Errors
/// 401; 403 `impersonating`; 404 `passkey_not_found`, also for somebody else's; 422.
pub(super) async fn rename(
    house: &IdentityApp,
    caller: &Caller,
    id: PasskeyId,
    name: &str,
) -> Result<Passkey> {
    let user = present(caller)?.user;
    not_impersonating(caller)?;
    let name = name.trim().to_owned();
    let mut checks = Checks::new();
    checks.text("/name", &name, 1, NAME_MAX);
    checks.done()?;
    house
        .change(caller, async move |work| {
            if !sql::rename(work.tx, user, id, &name).await? {
                return Err(not_found());
            }
            // What somebody calls it is nobody's concern.
            work.silently();
            sql::find(work.tx, user, id).await?.ok_or_else(not_found)
        })
        .await
}

/// Removes one of them, if its owner proved who they are a short while ago.
///
/// # Errors
/// 401; 403 `session_not_fresh`; 404 `passkey_not_found`, also for somebody else's.
pub(super) async fn remove(house: &IdentityApp, caller: &Caller, id: PasskeyId) -> Result<()> {
    let user = fresh(house, caller)?.user;
    house
        .change(caller, async move |work| {
            if !sql::delete(work.tx, user, id).await? {
                return Err(not_found());
            }
            let account =
                accounts::view(work.tx, user).await?.ok_or_else(Error::unauthenticated)?;
            let told = json!({ "passkeyId": id });
            audit::tell(work, account.login(), "passkey_removed", told).await
        })
        .await
}

fn not_found() -> Error {
    Error::new(
        ErrorKind::NotFound,
        "passkey_not_found",
        "You have no such passkey; it may have been removed already.",
    )
}
