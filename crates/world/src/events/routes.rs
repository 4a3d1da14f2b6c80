//! The wires of events.

use axum::extract::State;
use axum::response::Response;
use http::Uri;
use types::{Error, EventId, PersonId, Result};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Body, By, Created, ListedAs, PageParams, Paged, Params, Path, Problem, Reply};

use super::export::EventExportQuery;
use super::model::{Event, EventFilter, NewCustomEvent};
use super::rules;
use super::stats::{EventStats, StatsQuery};
use super::table::TABLE;
use super::{export, stats};
use crate::World;
use crate::exports::routes::sent;
use crate::listing::{CountedPage, Shown};

/// The routes of this feature.
pub fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new()
        .routes(routes!(list_events, create_event))
        .routes(routes!(list_timeline))
        .routes(routes!(get_event_stats))
        .routes(routes!(export_events))
        .routes(routes!(list_events_by_actor))
        .routes(routes!(list_events_about_target))
        .routes(routes!(get_event))
}

async fn listed(
    world: World,
    caller: kernel::Caller,
    uri: Uri,
    page: Paged<EventFilter>,
) -> Answer<Events> {
    let position = (page.limit, page.cursor.as_deref());
    let ask = world.ask(&uri, &TABLE, page.filter.words(), position)?;
    Ok(world.listed(uri, rules::list(&world, &caller, page.filter, ask).await?))
}

type Events = ListedAs<CountedPage<Shown<Event>>>;

/// A parameter that says what the path says must say the same.
fn agree<T: PartialEq>(sent: Option<&T>, path: &T, name: &str) -> Result<()> {
    if sent.is_none_or(|sent| sent == path) {
        return Ok(());
    }
    let message = "differs from the id in the path; leave it out.";
    Err(Error::invalid(name, "contradiction", message))
}

/// List events
///
/// Newest first. Without `groupId`, of every group the caller belongs to.
#[utoipa::path(get, path = "/v1/events", tag = "events", operation_id = "list_events",
    params(EventFilter, PageParams),
    responses(
        (status = 200, description = "A page of events", body = CountedPage<Event>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the subtree's root", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 410, description = "What comes behind the cursor was deleted: \
            `resync_required`", body = Problem),
        (status = 422, description = "A parameter is wrong: also `unknown_sort`, `unknown_field`, \
            `invalid_cursor`, `query_too_expensive`", body = Problem)))]
async fn list_events(
    State(world): State<World>,
    By(caller): By,
    uri: Uri,
    page: Paged<EventFilter>,
) -> Answer<Events> {
    listed(world, caller, uri, page).await
}

/// Read the timeline
///
/// The same events and filters as the list, under the name that apps expect.
#[utoipa::path(get, path = "/v1/events/timeline", tag = "events", operation_id = "list_timeline",
    params(EventFilter, PageParams),
    responses(
        (status = 200, description = "A page of events", body = CountedPage<Event>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the subtree's root", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 410, description = "What comes behind the cursor was deleted: \
            `resync_required`", body = Problem),
        (status = 422, description = "A parameter is wrong: also `unknown_sort`, `unknown_field`, \
            `invalid_cursor`, `query_too_expensive`", body = Problem)))]
async fn list_timeline(
    State(world): State<World>,
    By(caller): By,
    uri: Uri,
    page: Paged<EventFilter>,
) -> Answer<Events> {
    listed(world, caller, uri, page).await
}

/// List what a person did
#[utoipa::path(get, path = "/v1/events/actor/{id}", tag = "events",
    operation_id = "list_events_by_actor",
    params(("id" = PersonId, Path, description = "The person"), EventFilter, PageParams),
    responses(
        (status = 200, description = "A page of events", body = CountedPage<Event>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the subtree's root", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 410, description = "What comes behind the cursor was deleted: \
            `resync_required`", body = Problem),
        (status = 422, description = "A parameter is wrong: also `unknown_sort`, `unknown_field`, \
            `invalid_cursor`, `query_too_expensive`", body = Problem)))]
async fn list_events_by_actor(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<PersonId>,
    uri: Uri,
    mut page: Paged<EventFilter>,
) -> Answer<Events> {
    agree(page.filter.actor_id.as_ref(), &id, "actorId")?;
    page.filter.actor_id = Some(id);
    listed(world, caller, uri, page).await
}

/// List what happened to an object
#[utoipa::path(get, path = "/v1/events/target/{id}", tag = "events",
    operation_id = "list_events_about_target",
    params(("id" = types::AnyId, Path, description = "Any object"), EventFilter, PageParams),
    responses(
        (status = 200, description = "A page of events", body = CountedPage<Event>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the subtree's root", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 410, description = "What comes behind the cursor was deleted: \
            `resync_required`", body = Problem),
        (status = 422, description = "A parameter is wrong: also `unknown_sort`, `unknown_field`, \
            `invalid_cursor`, `query_too_expensive`", body = Problem)))]
async fn list_events_about_target(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<String>,
    uri: Uri,
    mut page: Paged<EventFilter>,
) -> Answer<Events> {
    agree(page.filter.target_id.as_ref(), &id, "targetId")?;
    page.filter.target_id = Some(id);
    listed(world, caller, uri, page).await
}

/// Count events
///
/// How many there were of which type, on which day, by whom: one entry for each, at most 5000.
/// Without `groupId`, in every group the caller belongs to; what the caller may not see does not
/// count.
#[utoipa::path(get, path = "/v1/events/stats", tag = "events", operation_id = "get_event_stats",
    params(StatsQuery),
    responses(
        (status = 200, description = "The numbers", body = EventStats),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the subtree's root", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "A parameter is wrong: also `unknown_group_by`, \
            `out_of_range`, `query_too_expensive`", body = Problem)))]
async fn get_event_stats(
    State(world): State<World>,
    By(caller): By,
    Params(query): Params<StatsQuery>,
) -> Answer<Reply<EventStats>> {
    Ok(Reply(stats::of(&world, &caller, query).await?))
}

/// Export events
///
/// What the list of the same filters shows the caller, oldest first, as a file: to be kept before a
/// plan lets go of it. The last line of NDJSON is `{"kind":"end","rows":n}`; an export that fails
/// on its way — also because what comes next was deleted meanwhile — breaks the connection, so that
/// no part looks whole.
#[utoipa::path(get, path = "/v1/events/export", tag = "events", operation_id = "export_events",
    params(EventExportQuery),
    responses(
        (status = 200, description = "The events", content(
            (String = "application/x-ndjson"), (String = "text/csv")),
            headers(("content-disposition" = String))),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the subtree's root", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn export_events(
    State(world): State<World>,
    By(caller): By,
    Params(query): Params<EventExportQuery>,
) -> Answer<Response> {
    sent(export::open(&world, &caller, query).await?)
}

/// Get an event
#[utoipa::path(get, path = "/v1/events/{id}", tag = "events", operation_id = "get_event",
    params(("id" = EventId, Path, description = "The event")),
    responses(
        (status = 200, description = "The event", body = Event),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 404, description = "No such event to see", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn get_event(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<EventId>,
) -> Answer<Reply<Event>> {
    Ok(Reply(rules::get(&world, &caller, id).await?))
}

/// Record an event
///
/// Of a type the ontology has or the group registered. The installation records its own changes by
/// itself: their types (of groups, people, accounts, things, connections, knowledge and keys) are
/// refused with `reserved_type`.
#[utoipa::path(post, path = "/v1/events", tag = "events", operation_id = "create_event",
    request_body = NewCustomEvent,
    responses(
        (status = 201, description = "Recorded", body = Event, headers(("location" = String))),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not record events here", body = Problem),
        (status = 404, description = "No such group or target to see", body = Problem),
        (status = 409, description = "The group is archived", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn create_event(
    State(world): State<World>,
    By(caller): By,
    Body(new): Body<NewCustomEvent>,
) -> Answer<Created<Event>> {
    let event = rules::create(&world, &caller, new).await?;
    Ok(Created { location: format!("/v1/events/{}", event.id), version: None, body: event })
}
