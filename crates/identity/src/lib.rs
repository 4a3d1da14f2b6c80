//! Who somebody is: accounts, sessions, passwords, API keys, and the first owner of an
//! installation.
//!
//! Every request passes [`authenticate`], which turns a cookie, a bearer token or an API key into
//! the [`kernel::Caller`] that all rules of all rooms decide by. The paths below `/v1/auth` are
//! the wire contract of the `better-auth` client, so their failures have that client's shape;
//! everything else answers in the house's own.

mod accounts;
mod api_keys;
mod audit;
mod callback;
mod challenges;
mod cookies;
mod entry;
mod erasure;
mod magic_links;
mod mailbox;
mod oauth;
mod onboarding;
mod organizations;
mod page;
#[doc(hidden)]
pub mod parsers;
mod passkeys;
mod passwords;
mod sessions;
mod settings;
mod setup;
mod signing_keys;
mod token;
mod tries;
mod two_factor;
mod users;
mod wire;

use std::ops::Deref;
use std::sync::Arc;

use kernel::App;
use kernel::erasure::Rooms;
use kernel::jobs::Jobs;
use tokio::sync::Semaphore;
use types::Result;
use utoipa_axum::router::OpenApiRouter;
use web::{CursorKey, Origins};

pub use erasure::erasing;
pub use oauth::{
    AppleSettings, FacebookSettings, GithubSettings, GoogleSettings, MicrosoftSettings,
    OidcSettings, OidcTable, ProviderSettings,
};
pub use sessions::{authenticate, who_sent};
pub use settings::Settings;
pub use setup::{boot, create_owner, is_open};
pub use signing_keys::{
    SigningKey, SigningKeyState, list as signing_keys, ready, retire as retire_signing_key,
    root_key_rotated, rotate as rotate_signing_key,
};
pub use users::{Desk, ImportSummary, ImportedLine, NewAtDesk};

use passwords::Passwords;
use sessions::AccessTokens;

/// Uses of sessions and keys being noted at the same time; one more is simply not noted.
const NOTES: usize = 64;

/// The state of this room's routes. Cheap to clone.
#[derive(Clone)]
pub struct IdentityApp {
    app: App,
    parts: Arc<Parts>,
    providers: oauth::Providers,
    /// What all rooms hold about people.
    rooms: Rooms,
}

struct Parts {
    settings: Settings,
    passwords: Passwords,
    access_tokens: AccessTokens,
    cursors: CursorKey,
    origins: Origins,
    callbacks: Origins,
    /// Where people reach this server: what links are made from, never a request's headers.
    public_url: String,
    /// The public lives behind https, so cookies are for https only.
    secure: bool,
    /// Helpers for one person at one machine are there.
    development: bool,
    notes: Arc<Semaphore>,
    key_uses: api_keys::Uses,
}

impl Deref for IdentityApp {
    type Target = App;
    fn deref(&self) -> &App {
        &self.app
    }
}

/// Where this room stands.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Where people reach this server, without a slash at the end.
    pub public_url: String,
    /// The web pages that may use a visitor's cookie, the same the edge allows.
    pub origins: Origins,
    /// Helpers for one person at one machine are there.
    pub development: bool,
}

/// The room over `app`.
///
/// # Errors
/// When the settings of Argon2 or the signing key cannot be used.
pub fn new(app: App, settings: Settings, surroundings: Surroundings) -> Result<IdentityApp> {
    let Surroundings { public_url, origins, development } = surroundings;
    let passwords = Passwords::new(&settings)?;
    let access_tokens = AccessTokens::new(&app.keys, &public_url, &settings)?;
    let cursors = CursorKey::new(&app.keys.derive("cursors v1"));
    let callbacks =
        Origins::new(&settings.callback_origins, false).with(&public_url).with(&settings.app_url);
    let parts = Parts {
        settings,
        passwords,
        access_tokens,
        cursors,
        origins,
        callbacks,
        secure: public_url.starts_with("https://"),
        public_url,
        development,
        notes: Arc::new(Semaphore::new(NOTES)),
        key_uses: api_keys::Uses::default(),
    };
    let (providers, rooms) = (oauth::Providers::default(), Rooms::default());
    Ok(IdentityApp { app, parts: Arc::new(parts), providers, rooms })
}

impl IdentityApp {
    /// The same room, where people can also sign in at these providers; their settings were
    /// checked.
    #[must_use]
    pub fn with_providers(self, settings: &ProviderSettings) -> Self {
        Self { providers: oauth::Providers::new(settings), ..self }
    }

    /// The same room, which tells people what these hold about them.
    #[must_use]
    pub fn with_rooms(self, rooms: Rooms) -> Self {
        Self { rooms, ..self }
    }
}

/// Every route of the room.
#[must_use]
pub fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .merge(accounts::router())
        .merge(passwords::router())
        .merge(sessions::router())
        .merge(signing_keys::router())
        .merge(magic_links::router())
        .merge(mailbox::router())
        .merge(oauth::router())
        .merge(two_factor::router())
        .merge(passkeys::router())
        .merge(organizations::router())
        .merge(api_keys::router())
        .merge(users::router())
        .merge(erasure::router())
        .merge(setup::router())
        .merge(onboarding::router())
}

/// Adds this room's background work.
#[must_use]
pub fn jobs(jobs: Jobs) -> Jobs {
    sessions::jobs(jobs).with(accounts::LETTER_REQUEST, accounts::answer_letter_request)
}
