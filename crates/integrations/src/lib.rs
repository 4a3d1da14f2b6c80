//! Other programs: what they are told (`webhooks`) and what they tell us (`receivers`).
//!
//! Webhooks are a reader of the event log: each event becomes a delivery in the transaction that
//! moves the reader's cursor, and a delivery is sent until it is answered or given up. Receivers
//! turn a signed call into an event or a thing. Both speak [Standard
//! Webhooks](https://www.standardwebhooks.com).

mod clean_up;
mod erasing;
mod receivers;
mod settings;
mod sign;
mod webhooks;

use std::ops::Deref;
use std::sync::Arc;

use http::Uri;
use kernel::App;
use kernel::jobs::Jobs;
use types::{Limit, Page, Result};
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;
use web::{CursorKey, Listed};

pub use erasing::erasing;
pub use receivers::{Proven, Signature, verify};
pub use settings::Settings;
pub use webhooks::run;

/// The state of this room's routes. Cheap to clone.
#[derive(Clone)]
pub struct Integrations {
    app: App,
    parts: Arc<Parts>,
}

struct Parts {
    settings: Settings,
    cursors: CursorKey,
}

impl Deref for Integrations {
    type Target = App;
    fn deref(&self) -> &App {
        &self.app
    }
}

/// The room over `app`.
#[must_use]
pub fn new(app: App, settings: Settings) -> Integrations {
    let cursors = CursorKey::new(&app.keys.derive("cursors v1"));
    Integrations { app, parts: Arc::new(Parts { settings, cursors }) }
}

/// Every route of the room.
#[must_use]
pub fn router() -> OpenApiRouter<Integrations> {
    OpenApiRouter::new()
        .merge(webhooks::router())
        .merge(webhooks::delivery_router())
        .merge(receivers::router())
}

/// Adds this room's background work.
#[must_use]
pub fn jobs(jobs: Jobs, house: &Integrations) -> Jobs {
    receivers::jobs(clean_up::jobs(jobs, house.parts.settings.clone()))
}

impl Integrations {
    fn settings(&self) -> &Settings {
        &self.parts.settings
    }

    /// Opens the cursor of a list; it only fits the list it came from.
    fn after(&self, scope: &str, cursor: Option<&str>) -> Result<Option<Uuid>> {
        let Some(cursor) = cursor else { return Ok(None) };
        Ok(Uuid::from_slice(&self.parts.cursors.open(scope, cursor)?).ok())
    }

    /// A page from one row more than it shows; `key` names a row's place.
    fn page<T>(
        &self,
        uri: Uri,
        scope: &str,
        limit: Limit,
        mut data: Vec<T>,
        key: impl Fn(&T) -> Uuid,
    ) -> Listed<T> {
        let has_more = data.len() > limit.rows();
        data.truncate(limit.rows());
        let last = data.last().filter(|_| has_more);
        let next_cursor = last.map(|last| self.parts.cursors.seal(scope, key(last).as_bytes()));
        Listed(Page { data, next_cursor, has_more }, uri)
    }
}
