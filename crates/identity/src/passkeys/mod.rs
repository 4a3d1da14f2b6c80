//! Passkeys (WebAuthn): registration, signing in without a password, management.
//!
//! A challenge is good once and for some minutes; it is gone from the store before the answer to
//! it is read. The authenticator has to know who was there, so a passkey is two factors in one:
//! nothing else is asked for then. What an answer must be is checked by the `webauthn` crate; here
//! is decided whose it is and what comes of it. Any passkey may be removed: a mailed link or a new
//! password leads in again.

mod answers;
mod ceremonies;
mod model;
mod options;
mod routes;
mod rules;
mod sql;

use utoipa_axum::router::OpenApiRouter;

use crate::IdentityApp;

pub(crate) fn router() -> OpenApiRouter<IdentityApp> {
    routes::router()
}
