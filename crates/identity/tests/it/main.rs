//! The room behind its door: routes, middleware and store together, on each engine.

#![expect(
    clippy::unwrap_used,
    reason = "a failed unwrap in a test is the report, also in its helpers"
)]

mod accounts;
mod accounts_deletion;
mod accounts_email;
mod accounts_kit;
mod accounts_limits;
mod accounts_passwords;
mod accounts_verification;
mod api_keys;
mod authenticator;
mod client_keys;
mod credentials;
mod exports;
mod impersonation;
mod imports;
mod invitations;
mod key_use;
mod magic_links;
mod mailbox;
mod oauth;
mod organizations;
mod pair;
mod passkeys;
mod passwords;
mod roles;
mod sessions;
mod setup;
mod signing_keys;
mod stage;
mod trusted_devices;
mod two_factor;
mod two_factor_elsewhere;
mod users;
