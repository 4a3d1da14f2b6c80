//! What operators look after while the house runs: its background jobs, its backups, its sealed
//! log, what it counts of itself, and where its spans go.

pub mod audit;
pub mod backup;
pub mod jobs;
pub mod metrics;
mod settings;
mod sight;
pub mod stats;
pub mod traces;

use std::sync::Arc;

use backup::Backups;
use kernel::App;
use utoipa_axum::router::OpenApiRouter;
use web::CursorKey;

pub use self::settings::Settings;
use self::sight::Watch;

/// The state of this room: the [`App`], what seals its cursors, and what was seen of the store.
#[derive(Clone)]
pub struct Ops {
    app: App,
    cursors: CursorKey,
    backups: Backups,
    watch: Arc<Watch>,
}

impl std::ops::Deref for Ops {
    type Target = App;
    fn deref(&self) -> &App {
        &self.app
    }
}

/// The room over an app, which has just been started.
#[must_use]
pub fn new(app: App, settings: &Settings, backups: Backups) -> Ops {
    let cursors = CursorKey::new(&app.keys.derive("cursors v1"));
    let watch = Arc::new(Watch::new(settings, app.now()));
    Ops { app, cursors, backups, watch }
}

/// Every route of the room for people who are signed in.
#[must_use]
pub fn router() -> OpenApiRouter<Ops> {
    OpenApiRouter::new()
        .merge(jobs::routes::router())
        .merge(backup::routes::router())
        .merge(stats::routes::router())
        .merge(audit::routes::router())
}

/// What machines read, who have a token of their own: not to stand behind the sign-in of people.
#[must_use]
pub fn metrics_router() -> OpenApiRouter<Ops> {
    metrics::routes::router()
}
