//! The wires of histories.

use axum::extract::State;
use http::Uri;
use serde::Deserialize;
use types::{Page, ThingId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Body, By, IfMatch, Listed, PageParams, Paged, Path, Problem, Reply, WithEtag};

use super::model::{Revert, Revision};
use super::rules;
use crate::World;
use crate::listing::After;
use crate::things::model::Thing;

/// The routes of this feature.
pub(crate) fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new()
        .routes(routes!(list_thing_history))
        .routes(routes!(get_thing_version))
        .routes(routes!(revert_thing))
}

/// List a thing's changes
///
/// Newest first, with the values of each field before and after.
#[utoipa::path(get, path = "/v1/things/{id}/history", tag = "things",
    operation_id = "list_thing_history",
    params(("id" = ThingId, Path, description = "The thing"), PageParams),
    responses(
        (status = 200, description = "A page of changes", body = Page<Revision>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 404, description = "No such thing to see", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn list_thing_history(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<ThingId>,
    uri: Uri,
    page: Paged<NoFilter>,
) -> Answer<Listed<Revision>> {
    let before = match world.after(&uri, page.cursor.as_deref())? {
        Some(After::Seq(version)) => Some(version),
        _ => None,
    };
    let rows = rules::list(&world, &caller, id, before, page.limit.probe()).await?;
    Ok(world.page(uri, page.limit, rows, |one| After::Seq(one.version.cast_signed())))
}

/// Get a thing as it was
#[utoipa::path(get, path = "/v1/things/{id}/versions/{version}", tag = "things",
    operation_id = "get_thing_version",
    params(("id" = ThingId, Path, description = "The thing"),
        ("version" = u64, Path, description = "A version it had")),
    responses(
        (status = 200, description = "The thing as it was", body = Thing),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 404, description = "No such thing to see, or it was no such version that the \
            caller might see", body = Problem),
        (status = 422, description = "A part of the path is wrong", body = Problem)))]
async fn get_thing_version(
    State(world): State<World>,
    By(caller): By,
    Path((id, version)): Path<(ThingId, u64)>,
) -> Answer<Reply<Thing>> {
    Ok(Reply(rules::version(&world, &caller, id, version).await?))
}

/// Bring back an earlier version
///
/// A change like any other: the thing gets the name, the properties and the parent it had, as its
/// next version. Status, visibility and hidden properties stay as they are.
#[utoipa::path(post, path = "/v1/things/{id}/revert", tag = "things", operation_id = "revert_thing",
    params(("id" = ThingId, Path, description = "The thing"),
        ("if-match" = Option<String>, Header, description = "The `ETag` that was read")),
    request_body = Revert,
    responses(
        (status = 200, description = "As it is now", body = Thing, headers(("etag" = String))),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not change this thing", body = Problem),
        (status = 404, description = "No such thing to see, or it was no such version that the \
            caller might see", body = Problem),
        (status = 409, description = "It or its group is archived, its parent does not allow it, \
            or another thing has a value that is to be unique", body = Problem),
        (status = 412, description = "Changed since it was read", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "Its type does not allow what it was", body = Problem)))]
async fn revert_thing(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<ThingId>,
    seen: IfMatch,
    Body(to): Body<Revert>,
) -> Answer<WithEtag<Thing>> {
    let thing = rules::revert(&world, &caller, id, seen, to.version).await?;
    Ok(WithEtag { version: thing.version, body: thing })
}

/// A list without filters of its own.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoFilter {}
