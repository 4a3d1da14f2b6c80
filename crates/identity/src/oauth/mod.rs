//! Signing in at a provider (OAuth 2.0, OpenID Connect), and linking accounts there.
//!
//! The way there and back: [`rules::start`] leaves a one-use state in the store and a secret in
//! the browser, from which PKCE verifier and nonce are derived, so that the row alone opens
//! nothing. [`rules::come_back`] takes the state, exchanges the code, learns who it is
//! ([`profile`]), and [`arrive`] decides whose account that is. What a provider grants is sealed in
//! the vault ([`held`]). An account there is (provider, issuer, subject); an e-mail address
//! counts only where the provider vouches for it.

mod arrive;
mod checks;
mod discovery;
mod flow;
mod grants;
mod held;
mod id_token;
mod model;
mod profile;
mod provider;
mod routes;
mod rules;
mod settings;
mod sql;
mod start;

pub(crate) use provider::Providers;
pub(crate) use routes::router;
pub use settings::{
    AppleSettings, FacebookSettings, GithubSettings, GoogleSettings, MicrosoftSettings,
    OidcSettings, OidcTable, ProviderSettings,
};
