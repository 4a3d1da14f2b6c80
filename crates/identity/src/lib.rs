//! Who somebody is: accounts, sessions, passwords, API keys, and the first owner of an
//! installation.
//!
//! Every request passes [`authenticate`], which turns a cookie, a bearer token or an API key into
//! the [`kernel::Caller`] that all rules of all rooms decide by. The paths below `/v1/auth` are
//! the wire contract of the `better-auth` client, so their failures have that client's shape;
//! everything else answers in the house's own.

mod accounts;
mod api_keys;
mod passwords;
mod sessions;
mod settings;
mod setup;
mod token;
mod wire;

use std::ops::Deref;
use std::sync::Arc;

use kernel::App;
use kernel::jobs::Jobs;
use tokio::sync::Semaphore;
use types::Result;
use utoipa_axum::router::OpenApiRouter;
use web::{CursorKey, Origins};

pub use sessions::authenticate;
pub use settings::Settings;
pub use setup::{boot, create_owner, is_open};

use passwords::Passwords;
use sessions::AccessTokens;

/// Uses of sessions and keys being noted at the same time; one more is simply not noted.
const NOTES: usize = 64;

/// The state of this room's routes. Cheap to clone.
#[derive(Clone)]
pub struct IdentityApp {
    app: App,
    parts: Arc<Parts>,
}

struct Parts {
    settings: Settings,
    passwords: Passwords,
    access_tokens: AccessTokens,
    cursors: CursorKey,
    origins: Origins,
    callbacks: Origins,
    /// The public lives behind https, so cookies are for https only.
    secure: bool,
    notes: Arc<Semaphore>,
}

impl Deref for IdentityApp {
    type Target = App;
    fn deref(&self) -> &App {
        &self.app
    }
}

/// The room over `app`. `public_url` is where people reach this server; `origins` are the web
/// pages that may use a visitor's cookie, the same the edge allows.
///
/// # Errors
/// When the settings of Argon2 or the signing key cannot be used.
pub fn new(
    app: App,
    settings: Settings,
    public_url: &str,
    origins: Origins,
) -> Result<IdentityApp> {
    let passwords = Passwords::new(&settings)?;
    let access_tokens = AccessTokens::new(&app.keys, public_url, &settings)?;
    let cursors = CursorKey::new(&app.keys.derive("cursors v1"));
    let callbacks = Origins::new(&settings.callback_origins, false).with(public_url);
    let parts = Parts {
        settings,
        passwords,
        access_tokens,
        cursors,
        origins,
        callbacks,
        secure: public_url.starts_with("https://"),
        notes: Arc::new(Semaphore::new(NOTES)),
    };
    Ok(IdentityApp { app, parts: Arc::new(parts) })
}

/// Every route of the room.
#[must_use]
pub fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new().merge(accounts::router()).merge(api_keys::router()).merge(setup::router())
}

/// Adds this room's background work; [`boot`] starts it.
#[must_use]
pub fn jobs(jobs: Jobs) -> Jobs {
    jobs.with(sessions::CLEAN_UP, sessions::clean_up)
}
