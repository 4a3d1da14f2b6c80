//! The wires of things.

use axum::extract::State;
use http::{StatusCode, Uri};
use types::{Page, ThingId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{
    Answer, Body, By, Created, IfMatch, Listed, ListedAs, PageParams, Paged, Params, Path, Problem,
    Reply, WithEtag,
};

use super::aggregate::{self, Aggregate, AggregateQuery};
use super::graph::{self, Graph, GraphQuery};
use super::model::{HowToDelete, NewThing, Thing, ThingChange, ThingQuery};
use super::query::{self, Request};
use super::row::ThingPage;
use super::rules;
use crate::World;
use crate::connections::model::Connection;
use crate::events;
use crate::events::model::{Event, EventFilter};
use crate::listing::{After, CountedPage, Shown, Slice, Words};

/// The routes of this feature.
pub fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new()
        .routes(routes!(list_things, create_thing))
        .routes(routes!(aggregate_things))
        .routes(routes!(get_thing_graph))
        .routes(routes!(get_thing, update_thing, delete_thing))
        .routes(routes!(list_thing_connections))
        .routes(routes!(list_thing_events))
        .merge(super::history::routes::router())
}

/// List things
///
/// Newest first, unless `sort` says otherwise. Without `groupId`, of every group the caller belongs
/// to.
#[utoipa::path(get, path = "/v1/things", tag = "things", operation_id = "list_things",
    params(ThingQuery, PageParams),
    responses(
        (status = 200, description = "A page of things", body = ThingPage),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the subtree's root, or of the group whose \
            plan is asked for", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "A parameter is wrong: also `unknown_sort`, `not_indexed`, \
            `hidden_property`, `unknown_field`, `unknown_expansion`, `invalid_cursor`", body = Problem)))]
async fn list_things(
    State(world): State<World>,
    By(caller): By,
    uri: Uri,
    page: Paged<ThingQuery>,
) -> Answer<ListedAs<ThingPage>> {
    let after = world.open(&uri, page.cursor.as_deref())?;
    let request = Request::read(page.filter, page.limit, after.as_deref())?;
    let listing = query::list(&world, &caller, request).await?;
    let next_cursor = listing.next.map(|place| world.seal(&uri, &place));
    Ok(ListedAs {
        rows: listing.rows.len(),
        next_cursor: next_cursor.clone(),
        page: ThingPage {
            data: listing.rows,
            has_more: next_cursor.is_some(),
            next_cursor,
            total: listing.total,
            plan: listing.plan,
        },
        uri,
    })
}

/// Sum up things
///
/// Counts and sums over the things a list with the same filters would hold, by group of equal
/// values. Numbers only: what is something else, or missing, is left out of `avg`, `sum`, `min` and
/// `max`. At most 1000 groups, the largest first.
#[utoipa::path(get, path = "/v1/things/aggregate", tag = "things",
    operation_id = "aggregate_things",
    params(AggregateQuery),
    responses(
        (status = 200, description = "One entry for each group", body = Aggregate),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the subtree's root", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "A parameter is wrong: also `unknown_group_by`, \
            `unknown_metric`, `hidden_property`", body = Problem)))]
async fn aggregate_things(
    State(world): State<World>,
    By(caller): By,
    Params(query): Params<AggregateQuery>,
) -> Answer<Reply<Aggregate>> {
    Ok(Reply(aggregate::of(&world, &caller, query).await?))
}

/// Walk from a thing along its connections
///
/// Breadth first. Only along connections, and to things, that the caller may see.
#[utoipa::path(get, path = "/v1/things/{id}/graph", tag = "things",
    operation_id = "get_thing_graph",
    params(("id" = ThingId, Path, description = "Where to start"), GraphQuery),
    responses(
        (status = 200, description = "What was reached", body = Graph),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 404, description = "No such thing to see", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn get_thing_graph(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<ThingId>,
    Params(query): Params<GraphQuery>,
) -> Answer<Reply<Graph>> {
    Ok(Reply(graph::of(&world, &caller, id, query).await?))
}

/// Make a thing
#[utoipa::path(post, path = "/v1/things", tag = "things", operation_id = "create_thing",
    request_body = NewThing,
    responses(
        (status = 201, description = "Made", body = Thing,
            headers(("location" = String), ("etag" = String))),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 402, description = "The plan includes no more of them", body = Problem),
        (status = 403, description = "May not make things here", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 409, description = "The group is archived, the thing too many levels down \
            (`too_deep`), or a property the same as another thing's that its type keeps unique \
            (`duplicate_key`)", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn create_thing(
    State(world): State<World>,
    By(caller): By,
    Body(new): Body<NewThing>,
) -> Answer<Created<Thing>> {
    let thing = rules::create(&world, &caller, new).await?;
    Ok(Created {
        location: format!("/v1/things/{}", thing.id),
        version: Some(thing.version),
        body: thing,
    })
}

/// Get a thing
#[utoipa::path(get, path = "/v1/things/{id}", tag = "things", operation_id = "get_thing",
    params(("id" = ThingId, Path, description = "The thing")),
    responses(
        (status = 200, description = "The thing", body = Thing, headers(("etag" = String))),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 404, description = "No such thing to see", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn get_thing(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<ThingId>,
) -> Answer<WithEtag<Thing>> {
    let thing = rules::get(&world, &caller, id).await?;
    Ok(WithEtag { version: thing.version, body: thing })
}

/// Change a thing
///
/// A merge patch (RFC 7396): what is absent stays, null removes. `status: active` restores an
/// archived thing; `status: archived` takes the permission to delete it.
#[utoipa::path(patch, path = "/v1/things/{id}", tag = "things", operation_id = "update_thing",
    params(("id" = ThingId, Path, description = "The thing"),
        ("if-match" = Option<String>, Header, description = "The `ETag` that was read")),
    request_body = ThingChange,
    responses(
        (status = 200, description = "As it is now", body = Thing, headers(("etag" = String))),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not change this thing", body = Problem),
        (status = 404, description = "No such thing to see", body = Problem),
        (status = 409, description = "Its status or its group does not allow it, it would belong \
            to itself (`cycle`) or be too many levels down (`too_deep`), or have a property that \
            its type keeps unique and another thing has (`duplicate_key`)", body = Problem),
        (status = 412, description = "Changed since it was read", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn update_thing(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<ThingId>,
    seen: IfMatch,
    Body(change): Body<ThingChange>,
) -> Answer<WithEtag<Thing>> {
    let thing = rules::update(&world, &caller, id, seen, change).await?;
    Ok(WithEtag { version: thing.version, body: thing })
}

/// Archive or remove a thing
///
/// Archives, unless `permanent=true`: that removes the thing, its connections and its knowledge.
#[utoipa::path(delete, path = "/v1/things/{id}", tag = "things", operation_id = "delete_thing",
    params(("id" = ThingId, Path, description = "The thing"), HowToDelete,
        ("if-match" = Option<String>, Header, description = "The `ETag` that was read")),
    responses(
        (status = 204, description = "Done"),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not delete this thing", body = Problem),
        (status = 404, description = "No such thing to see", body = Problem),
        (status = 409, description = "Other things belong to it", body = Problem),
        (status = 412, description = "Changed since it was read", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn delete_thing(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<ThingId>,
    Params(how): Params<HowToDelete>,
    seen: IfMatch,
) -> Answer<StatusCode> {
    if how.permanent {
        rules::remove(&world, &caller, id, seen).await?;
    } else {
        rules::archive(&world, &caller, id, seen).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// List a thing's connections
///
/// In both directions.
#[utoipa::path(get, path = "/v1/things/{id}/connections", tag = "things",
    operation_id = "list_thing_connections",
    params(("id" = ThingId, Path, description = "The thing"), PageParams),
    responses(
        (status = 200, description = "A page of connections", body = Page<Connection>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 404, description = "No such thing to see", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn list_thing_connections(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<ThingId>,
    uri: Uri,
    page: Paged<NoFilter>,
) -> Answer<Listed<Connection>> {
    let after = world.after(&uri, page.cursor.as_deref())?;
    let slice = Slice { limit: page.limit, after, ..Slice::default() };
    let rows = crate::connections::rules::of_thing(&world, &caller, id, slice).await?;
    Ok(world.page(uri, slice.limit, rows, |connection| After::Id(connection.id.0)))
}

/// List a thing's events
///
/// Its history, newest first.
#[utoipa::path(get, path = "/v1/things/{id}/events", tag = "things",
    operation_id = "list_thing_events",
    params(("id" = ThingId, Path, description = "The thing"), PageParams),
    responses(
        (status = 200, description = "A page of events", body = CountedPage<Event>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 404, description = "No such thing to see", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn list_thing_events(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<ThingId>,
    uri: Uri,
    page: Paged<NoFilter>,
) -> Answer<ListedAs<CountedPage<Shown<Event>>>> {
    let position = (page.limit, page.cursor.as_deref());
    let ask = world.ask(&uri, &events::table::TABLE, Words::default(), position)?;
    let thing = rules::get(&world, &caller, id).await?;
    let filter = EventFilter {
        group_id: Some(thing.group_id),
        target_id: Some(id.to_string()),
        ..EventFilter::default()
    };
    Ok(world.listed(uri, events::rules::list(&world, &caller, filter, ask).await?))
}

/// A list without filters of its own.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct NoFilter {}
