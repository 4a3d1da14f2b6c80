//! What the product is about: groups, people, things, connections, events and knowledge, and the
//! ontology that says which kinds of them there are.
//!
//! Every feature is a folder with the same five files; every change is a [`kernel::Work`] that
//! records its event; every read is bounded by [`kernel::access`].

#[macro_use]
mod words;

pub mod batch;
pub mod bulk;
mod changes;
pub mod connections;
pub mod contact;
pub mod erasing;
pub mod events;
pub mod exports;
pub mod groups;
pub mod imports;
pub mod joining;
pub mod knowledge;
mod listing;
pub mod notifications;
pub mod ontology;
mod pace;
pub mod people;
pub mod policy;
pub mod preferences;
pub mod quotas;
mod reference;
pub mod roles;
pub mod search;
mod sizes;
pub mod things;
pub mod transfer;

use std::ops::Deref;

use kernel::App;
use kernel::jobs::Jobs;
use utoipa_axum::router::OpenApiRouter;
use web::CursorKey;

use crate::exports::places::Places;

/// The state of this room's routes.
#[derive(Clone)]
pub struct World {
    app: App,
    cursors: CursorKey,
    exports: Places,
}

impl Deref for World {
    type Target = App;
    fn deref(&self) -> &App {
        &self.app
    }
}

/// The room over `app`.
#[must_use]
pub fn new(app: App) -> World {
    let cursors = CursorKey::new(&app.keys.derive("cursors v1"));
    World { app, cursors, exports: Places::default() }
}

/// Adds this room's background work.
#[must_use]
pub fn jobs(jobs: Jobs, app: &App) -> Jobs {
    imports::jobs(events::jobs(groups::jobs(jobs), app))
}

/// How much a route reads that reads more than others, by its path.
#[must_use]
pub fn long_body(path: &str) -> Option<usize> {
    let many = path == "/v1/batch" || path.ends_with("/bulk") || path.ends_with("/bulk/delete");
    many.then_some(bulk::routes::MAX_BODY)
}

/// Every route of the room.
#[must_use]
pub fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new()
        .merge(groups::routes::router())
        .merge(joining::routes::router())
        .merge(roles::routes::router())
        .merge(people::routes::router())
        .merge(policy::routes::router())
        .merge(preferences::routes::router())
        .merge(quotas::routes::router())
        .merge(things::routes::router())
        .merge(connections::routes::router())
        .merge(events::routes::router())
        .merge(knowledge::routes::router())
        .merge(notifications::routes::router())
        .merge(ontology::routes::router())
        .merge(bulk::routes::router())
        .merge(batch::routes::router())
        .merge(contact::routes::router())
        .merge(exports::routes::router())
        .merge(imports::routes::router())
}

#[cfg(test)]
#[path = "lib_tests.rs"]
mod tests;
