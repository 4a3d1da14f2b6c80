//! The second factor: codes of authenticator apps (RFC 6238), mailed codes, backup codes, and
//! devices that need none for a while.
//!
//! A right first factor leaves a challenge in a cookie; a right second one takes it and begins the
//! session. All kinds count their wrong answers together, in the store and before they are
//! checked, so that many guesses at once are no more guesses. Somebody who is signed in proves
//! a new app by its first code, and gets a new session token for it.

pub(crate) mod codes;
mod devices;
mod model;
mod routes;
mod rules;
mod settle;
mod sql;
mod verify;

use utoipa_axum::router::OpenApiRouter;

use crate::IdentityApp;

pub(crate) use devices::{delete_expired, forget as forget_devices, show as show_device};
pub(crate) use rules::password_was_set;
pub(crate) use sql::delete_tries;
pub(crate) use verify::{finish_pair, mail_to_pair};

pub(crate) fn router() -> OpenApiRouter<IdentityApp> {
    routes::router()
}
