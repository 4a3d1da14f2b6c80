//! Who administers, and where it is told.

use kernel::events::NewEvent;
use kernel::{Caller, Work, access};
use serde_json::{Value, json};
use types::{Error, Json, Result};

use crate::sessions::{self, Login};
use crate::{IdentityApp, setup};

/// An owner of the platform at a signed-in device, or the command line. A key of an owner is no
/// owner: what it can do outlives whoever copied it.
///
/// # Errors
/// 401; 403.
pub(super) fn owner(caller: &Caller) -> Result<()> {
    access::require_known(caller)?;
    let identity = caller.identity();
    if identity.system {
        return Ok(());
    }
    if !identity.platform_owner || identity.key.is_some() {
        return Err(Error::forbidden(
            "Only owners of the platform may administer accounts, and not with an API key.",
        ));
    }
    sessions::present(caller).map(|_| ())
}

/// The same, if they proved who they are a short while ago: for what takes something away or opens
/// an account.
///
/// # Errors
/// As [`owner`]; 403 `session_not_fresh`.
pub(crate) fn owner_just_now(house: &IdentityApp, caller: &Caller) -> Result<()> {
    owner(caller)?;
    if caller.identity().system {
        return Ok(());
    }
    sessions::fresh(house, caller).map(|_| ())
}

/// Records what was done to an account: in the platform's log, for its owners, and in the log of
/// whose account it is, for them.
pub(crate) async fn tell(
    work: &mut Work<'_>,
    about: Login,
    kind: &str,
    metadata: Value,
) -> Result<()> {
    tell_as(work, about, work.me(), kind, metadata).await
}

/// The same, done by somebody who is not the caller.
pub(super) async fn tell_as(
    work: &mut Work<'_>,
    about: Login,
    actor: Option<types::PersonId>,
    kind: &str,
    mut metadata: Value,
) -> Result<()> {
    if let Some(fields) = metadata.as_object_mut() {
        fields.insert("userId".to_owned(), json!(about.user));
    }
    let (metadata, target) = (Json::of(&metadata)?, Some(about.person.into()));
    if let Some(platform) = setup::platform_group(work.tx).await? {
        let event = NewEvent::new(platform, kind, target, &metadata);
        work.record(event.about("private", actor).by(actor)).await?;
    }
    let event = NewEvent::new(about.home, kind, target, &metadata);
    work.record(event.about("private", Some(about.person)).by(actor)).await?;
    Ok(())
}
