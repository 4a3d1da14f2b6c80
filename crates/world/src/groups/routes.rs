//! The wires of groups.

use axum::extract::State;
use http::Uri;
use types::GroupId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{
    Answer, Body, By, Created, IfMatch, ListedAs, PageParams, Paged, Path, Problem, WithEtag,
};

use super::model::{Group, GroupChange, GroupFilter, NewGroup};
use super::table::TABLE;
use super::{life_routes, rules, tree_routes};
use crate::World;
use crate::listing::{CountedPage, Shown};

/// The routes of this feature.
pub fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new()
        .routes(routes!(list_groups, create_group))
        .routes(routes!(get_group, update_group))
        .merge(life_routes::router())
        .merge(tree_routes::router())
}

/// List groups
///
/// Those the caller belongs to, newest first; all of them for an owner of the platform. With
/// `visibility=public`, every public group of this server.
#[utoipa::path(get, path = "/v1/groups", tag = "groups", operation_id = "list_groups",
    params(GroupFilter, PageParams),
    responses(
        (status = 200, description = "A page of groups", body = CountedPage<Group>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 422, description = "A parameter is wrong: also `unknown_sort`, `unknown_field`, \
            `invalid_cursor`, `query_too_expensive`", body = Problem)))]
async fn list_groups(
    State(world): State<World>,
    By(caller): By,
    uri: Uri,
    page: Paged<GroupFilter>,
) -> Answer<ListedAs<CountedPage<Shown<Group>>>> {
    let position = (page.limit, page.cursor.as_deref());
    let ask = world.ask(&uri, &TABLE, page.filter.words(), position)?;
    Ok(world.listed(uri, rules::list(&world, &caller, page.filter, ask).await?))
}

/// Make a group
///
/// At the top by whoever is signed in, below a group by its owners. The maker becomes its owner.
#[utoipa::path(post, path = "/v1/groups", tag = "groups", operation_id = "create_group",
    request_body = NewGroup,
    responses(
        (status = 201, description = "Made", body = Group,
            headers(("location" = String), ("etag" = String))),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not make groups here", body = Problem),
        (status = 404, description = "No such parent to see", body = Problem),
        (status = 409, description = "The slug is taken, or the parent archived", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn create_group(
    State(world): State<World>,
    By(caller): By,
    Body(new): Body<NewGroup>,
) -> Answer<Created<Group>> {
    let group = rules::create(&world, &caller, new).await?;
    Ok(Created {
        location: format!("/v1/groups/{}", group.id),
        version: Some(group.version),
        body: group,
    })
}

/// Get a group
#[utoipa::path(get, path = "/v1/groups/{id}", tag = "groups", operation_id = "get_group",
    params(("id" = GroupId, Path, description = "The group")),
    responses(
        (status = 200, description = "The group", body = Group, headers(("etag" = String))),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "The API key may not read groups", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn get_group(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<GroupId>,
) -> Answer<WithEtag<Group>> {
    let group = rules::get(&world, &caller, id).await?;
    Ok(WithEtag { version: group.version, body: group })
}

/// Change a group
///
/// A merge patch (RFC 7396): what is absent stays, null removes. `parentGroupId` moves it with
/// everything below it; `status: active` restores an archived group.
#[utoipa::path(patch, path = "/v1/groups/{id}", tag = "groups", operation_id = "update_group",
    params(("id" = GroupId, Path, description = "The group"),
        ("if-match" = Option<String>, Header, description = "The `ETag` that was read")),
    request_body = GroupChange,
    responses(
        (status = 200, description = "As it is now", body = Group, headers(("etag" = String))),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not change this group", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 409, description = "The slug is taken, the move would be a cycle, or its status \
            or its children do not allow it", body = Problem),
        (status = 412, description = "Changed since it was read", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn update_group(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<GroupId>,
    seen: IfMatch,
    Body(change): Body<GroupChange>,
) -> Answer<WithEtag<Group>> {
    let group = rules::update(&world, &caller, id, seen, change).await?;
    Ok(WithEtag { version: group.version, body: group })
}
