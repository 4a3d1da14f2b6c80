//! Step-up: what a stolen cookie must not be enough for.

use kernel::Caller;
use types::{Error, ErrorKind, PersonId, Result, SessionId, UserId};

use crate::IdentityApp;

/// Somebody at a signed-in device: not a program with an API key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Present {
    pub(crate) user: UserId,
    pub(crate) person: PersonId,
    pub(crate) session: SessionId,
}

/// Whoever is at a signed-in device.
///
/// # Errors
/// 401 for nobody and for an API key.
pub(crate) fn present(caller: &Caller) -> Result<Present> {
    let identity = caller.identity();
    match (identity.user, identity.person, identity.session) {
        (Some(user), Some(person), Some(session)) => Ok(Present { user, person, session }),
        _ => Err(Error::unauthenticated()),
    }
}

/// The same, if they proved who they are a short while ago. Who acts as somebody else never did.
///
/// # Errors
/// 401 as [`present`]; 403 `session_not_fresh` or, while impersonating, `impersonating`.
pub(crate) fn fresh(house: &IdentityApp, caller: &Caller) -> Result<Present> {
    let who = present(caller)?;
    not_impersonating(caller)?;
    caller.require_fresh(house.now(), house.fresh)?;
    Ok(who)
}

/// Refuses a platform owner who acts as somebody else.
///
/// # Errors
/// 403 `impersonating`.
pub(crate) fn not_impersonating(caller: &Caller) -> Result<()> {
    if caller.identity().impersonator.is_none() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Forbidden,
        "impersonating",
        "Who acts as somebody else cannot change how that person signs in.",
    ))
}
