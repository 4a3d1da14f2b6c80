//! The wires of the tree that groups stand in.

use axum::extract::State;
use http::Uri;
use types::{GroupId, Page};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, By, ListedAs, PageParams, Paged, Path, Problem, Reply};

use super::kin;
use super::model::{ChildFilter, Depth, Descent, Group};
use super::table::TABLE;
use crate::World;
use crate::listing::{CountedPage, Shown};

/// The routes about what is above and below.
pub(super) fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new()
        .routes(routes!(list_child_groups))
        .routes(routes!(list_descendant_groups))
        .routes(routes!(list_ancestor_groups))
        .routes(routes!(is_descendant_of))
}

/// List the groups in a group
///
/// Directly below it, newest first: all of them for its owners, else those that are public or
/// the caller's own.
#[utoipa::path(get, path = "/v1/groups/{id}/children", tag = "groups",
    operation_id = "list_child_groups",
    params(("id" = GroupId, Path, description = "The group above"), ChildFilter, PageParams),
    responses(
        (status = 200, description = "A page of groups", body = CountedPage<Group>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "The API key may not read groups", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "A parameter is wrong: also `unknown_sort`, `unknown_field`, \
            `invalid_cursor`, `query_too_expensive`", body = Problem)))]
async fn list_child_groups(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<GroupId>,
    uri: Uri,
    page: Paged<ChildFilter>,
) -> Answer<ListedAs<CountedPage<Shown<Group>>>> {
    let position = (page.limit, page.cursor.as_deref());
    let ask = world.ask(&uri, &TABLE, page.filter.words(), position)?;
    let which = (Depth::Children, page.filter.status);
    Ok(world.listed(uri, kin::below(&world, &caller, id, which, ask).await?))
}

/// List everything below a group
///
/// However far down, newest first: all of them for its owners, else those that are public or the
/// caller's own.
#[utoipa::path(get, path = "/v1/groups/{id}/descendants", tag = "groups",
    operation_id = "list_descendant_groups",
    params(("id" = GroupId, Path, description = "The group above"), ChildFilter, PageParams),
    responses(
        (status = 200, description = "A page of groups", body = CountedPage<Group>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "The API key may not read groups", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "A parameter is wrong: also `unknown_sort`, `unknown_field`, \
            `invalid_cursor`, `query_too_expensive`", body = Problem)))]
async fn list_descendant_groups(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<GroupId>,
    uri: Uri,
    page: Paged<ChildFilter>,
) -> Answer<ListedAs<CountedPage<Shown<Group>>>> {
    let position = (page.limit, page.cursor.as_deref());
    let ask = world.ask(&uri, &TABLE, page.filter.words(), position)?;
    let which = (Depth::Descendants, page.filter.status);
    Ok(world.listed(uri, kin::below(&world, &caller, id, which, ask).await?))
}

/// List the groups above a group
///
/// The path from its parent to the root. A child never reads its parent: those the caller may not
/// see are left out.
#[utoipa::path(get, path = "/v1/groups/{id}/ancestors", tag = "groups",
    operation_id = "list_ancestor_groups",
    params(("id" = GroupId, Path, description = "The group")),
    responses(
        (status = 200, description = "All of them, the parent first", body = Page<Group>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "The API key may not read groups", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn list_ancestor_groups(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<GroupId>,
) -> Answer<Reply<Page<Group>>> {
    let data = kin::above(&world, &caller, id).await?;
    Ok(Reply(Page { data, next_cursor: None, has_more: false }))
}

/// Ask whether a group is below another
#[utoipa::path(get, path = "/v1/groups/{id}/is-descendant-of/{other}", tag = "groups",
    operation_id = "is_descendant_of",
    params(("id" = GroupId, Path, description = "The group"),
        ("other" = GroupId, Path, description = "The group it may be below")),
    responses(
        (status = 200, description = "Whether it is", body = Descent),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "The API key may not read groups", body = Problem),
        (status = 404, description = "One of them is no group to see", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn is_descendant_of(
    State(world): State<World>,
    By(caller): By,
    Path((id, other)): Path<(GroupId, GroupId)>,
) -> Answer<Reply<Descent>> {
    let is_descendant = kin::is_below(&world, &caller, id, other).await?;
    Ok(Reply(Descent { is_descendant }))
}
