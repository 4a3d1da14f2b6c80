//! What an account shows of itself.

use kernel::Caller;
use serde_json::json;
use types::{Checks, Error, ErrorKind, Result, UserId};

use super::model::LinkedAccount;
use super::{rules, sql};
use crate::sessions;
use crate::{IdentityApp, audit};

/// A change of name, picture or both; null takes the picture away.
pub(super) struct ProfileChange {
    pub(super) name: Option<String>,
    pub(super) image: Option<Option<String>>,
    /// Whether an address was sent along.
    pub(super) email: bool,
}

/// Changes name and picture; the member record's name follows.
///
/// # Errors
/// 400 `email_can_not_be_updated`, `no_fields_to_update`; 401; 422.
pub(super) async fn update(
    house: &IdentityApp,
    caller: &Caller,
    change: ProfileChange,
) -> Result<()> {
    let who = sessions::present(caller)?;
    if change.email {
        return Err(Error::new(
            ErrorKind::Malformed,
            "email_can_not_be_updated",
            "An address is changed by `/v1/auth/change-email`.",
        ));
    }
    let name = change.name.map(|name| name.trim().to_owned());
    let image = change.image;
    if name.is_none() && image.is_none() {
        return Err(Error::new(
            ErrorKind::Malformed,
            "no_fields_to_update",
            "Send a `name`, an `image`, or both.",
        ));
    }
    let picture = image.as_ref().and_then(Option::as_deref);
    rules::check_profile(&mut Checks::new(), name.as_deref(), picture)?;
    let fields: Vec<_> = [name.as_ref().map(|_| "name"), image.as_ref().map(|_| "image")]
        .into_iter()
        .flatten()
        .collect();
    house
        .change(caller, async move |work| {
            let account = sql::view(work.tx, who.user).await?.ok_or_else(Error::unauthenticated)?;
            let new_name = name.as_deref().unwrap_or(&account.name);
            let new_image = image.as_ref().map_or(account.image.as_deref(), Option::as_deref);
            let now = work.now;
            sql::update_profile(work.tx, who.user, new_name, new_image, now).await?;
            if name.is_some() {
                sql::rename_person(work.tx, who.user, new_name, now).await?;
            }
            audit::tell(work, account.login(), "profile_updated", json!({ "fields": &fields }))
                .await
        })
        .await
}

/// How whoever is signed in can prove who they are.
///
/// # Errors
/// 401; as the store.
pub(super) async fn list_accounts(
    house: &IdentityApp,
    caller: &Caller,
) -> Result<Vec<LinkedAccount>> {
    let user: UserId = sessions::present(caller)?.user;
    house.db.unbound().read(async move |tx| sql::credentials(tx, user).await).await
}
