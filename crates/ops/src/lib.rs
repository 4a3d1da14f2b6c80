//! What operators look after while the house runs: its background jobs.

pub mod jobs;

use kernel::App;
use utoipa_axum::router::OpenApiRouter;
use web::CursorKey;

/// The state of this room: the [`App`] and what seals its cursors.
#[derive(Clone)]
pub struct Ops {
    app: App,
    cursors: CursorKey,
}

impl std::ops::Deref for Ops {
    type Target = App;
    fn deref(&self) -> &App {
        &self.app
    }
}

/// The room over an app.
#[must_use]
pub fn new(app: App) -> Ops {
    let cursors = CursorKey::new(&app.keys.derive("cursors v1"));
    Ops { app, cursors }
}

/// Every route of the room.
#[must_use]
pub fn router() -> OpenApiRouter<Ops> {
    OpenApiRouter::new().merge(jobs::routes::router())
}
