//! What the product is about: groups, people, things, connections, events and knowledge, and the
//! ontology that says which kinds of them there are.
//!
//! Every feature is a folder with the same five files; every change is a [`kernel::Work`] that
//! records its event; every read is bounded by [`kernel::access`].

#[macro_use]
mod words;

mod changes;
pub mod connections;
pub mod events;
pub mod groups;
pub mod knowledge;
mod listing;
pub mod ontology;
pub mod people;
mod reference;
pub mod search;
mod sizes;
pub mod things;
pub mod transfer;

use std::ops::Deref;

use kernel::App;
use utoipa_axum::router::OpenApiRouter;
use web::CursorKey;

/// The state of this room's routes.
#[derive(Clone)]
pub struct World {
    app: App,
    cursors: CursorKey,
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
    World { app, cursors }
}

/// Every route of the room.
#[must_use]
pub fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new()
        .merge(groups::routes::router())
        .merge(people::routes::router())
        .merge(things::routes::router())
        .merge(connections::routes::router())
        .merge(events::routes::router())
        .merge(knowledge::routes::router())
        .merge(ontology::routes::router())
}
