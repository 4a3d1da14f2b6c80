//! The wires of bulk requests: the same one for each kind of object.

use axum::Extension;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Body, BodyLimit, By, Params, Problem, Reply};

use super::model::{
    Bulk, BulkAnswer, BulkChange, BulkChangeShape, BulkDelete, BulkOf, BulkParams, Mode,
};
use super::rules::{self, Of};
use crate::World;
use crate::connections::model::NewConnection;
use crate::events::model::NewCustomEvent;
use crate::groups::model::NewGroup;
use crate::knowledge::model::NewKnowledge;
use crate::people::model::NewPerson;
use crate::things::model::NewThing;

/// Bytes of a body with many objects.
pub const MAX_BODY: usize = 8 << 20;

/// The routes of this feature.
pub fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new()
        .routes(routes!(create_things, update_things))
        .routes(routes!(delete_things))
        .routes(routes!(create_connections))
        .routes(routes!(create_people))
        .routes(routes!(create_knowledge))
        .routes(routes!(create_events))
        .routes(routes!(create_groups))
        .layer(Extension(BodyLimit(MAX_BODY)))
}

macro_rules! bulk {
    ($(#[doc = $doc:literal])* $name:ident, $path:literal, $id:literal, $item:ty, $of:expr) => {
        $(#[doc = $doc])*
        #[utoipa::path(post, path = $path, tag = "bulk", operation_id = $id,
            params(BulkParams), request_body = BulkOf<$item>,
            responses(
                (status = 200, description = "What became of each item", body = BulkAnswer),
                (status = 400, description = "Not JSON", body = Problem),
                (status = 401, description = "Nobody is signed in", body = Problem),
                (status = 413, description = "Larger than 8 MiB", body = Problem),
                (status = 415, description = "Not JSON by its content type", body = Problem),
                (status = 422, description = "None or too many, or an upsert of what nothing \
                    tells apart", body = Problem)))]
        async fn $name(
            State(world): State<World>,
            By(caller): By,
            Params(params): Params<BulkParams>,
            Body(bulk): Body<Bulk>,
        ) -> Answer<Reply<BulkAnswer>> {
            Ok(Reply(rules::create(&world, &caller, $of, asked(bulk, params)).await?))
        }
    };
}

/// The parameter says the same as the field.
fn asked(bulk: Bulk, params: BulkParams) -> Bulk {
    let mode = if params.upsert { Mode::Upsert } else { bulk.mode };
    Bulk { mode, ..bulk }
}

bulk! {
    /// Make many things
    ///
    /// Each succeeds or fails by itself, in one transaction. An upsert changes the thing of the
    /// same type and group with the same value of the unique property `key`.
    create_things, "/v1/things/bulk", "bulk_create_things", NewThing, Of::Things
}
bulk! {
    /// Make many connections
    ///
    /// Each succeeds or fails by itself, in one transaction. One that is there is updated.
    create_connections, "/v1/connections/bulk", "bulk_create_connections", NewConnection,
    Of::Connections
}
bulk! {
    /// Add many people
    ///
    /// Each succeeds or fails by itself, in one transaction. An upsert changes the member of the
    /// group with the same e-mail address.
    create_people, "/v1/people/bulk", "bulk_create_people", NewPerson, Of::People
}
bulk! {
    /// Keep much knowledge
    ///
    /// Each succeeds or fails by itself, in one transaction. A label that is there is answered.
    create_knowledge, "/v1/knowledge/bulk", "bulk_create_knowledge", NewKnowledge, Of::Knowledge
}
bulk! {
    /// Record many events
    ///
    /// Each succeeds or fails by itself, in one transaction.
    create_events, "/v1/events/bulk", "bulk_create_events", NewCustomEvent, Of::Events
}
bulk! {
    /// Make many groups
    ///
    /// Each succeeds or fails by itself, in one transaction. An upsert changes the group with the
    /// same slug.
    create_groups, "/v1/groups/bulk", "bulk_create_groups", NewGroup, Of::Groups
}

/// Change many things
///
/// Each succeeds or fails by itself, in one transaction: an item is a change as of one thing, with
/// the thing's `id` and, where it matters, `ifMatch` beside it.
#[utoipa::path(patch, path = "/v1/things/bulk", tag = "bulk", operation_id = "bulk_update_things",
    request_body = BulkChangeShape,
    responses(
        (status = 200, description = "What became of each item", body = BulkAnswer),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 413, description = "Larger than 8 MiB", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "None or too many", body = Problem)))]
async fn update_things(
    State(world): State<World>,
    By(caller): By,
    Body(bulk): Body<BulkChange>,
) -> Answer<Reply<BulkAnswer>> {
    Ok(Reply(rules::update(&world, &caller, bulk).await?))
}

/// Archive or remove many things
///
/// Each succeeds or fails by itself, in one transaction.
#[utoipa::path(post, path = "/v1/things/bulk/delete", tag = "bulk",
    operation_id = "bulk_delete_things",
    request_body = BulkDelete,
    responses(
        (status = 200, description = "What became of each item", body = BulkAnswer),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 413, description = "Larger than 8 MiB", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "None or too many", body = Problem)))]
async fn delete_things(
    State(world): State<World>,
    By(caller): By,
    Body(bulk): Body<BulkDelete>,
) -> Answer<Reply<BulkAnswer>> {
    Ok(Reply(rules::delete(&world, &caller, bulk).await?))
}
