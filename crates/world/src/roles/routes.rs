//! The wires of roles.

use axum::extract::State;
use http::StatusCode;
use types::{GroupId, Page};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Body, By, Path, Problem, Reply};

use super::model::{GroupRole, RoleDefinition};
use super::rules;
use crate::World;

/// The routes of this feature.
pub fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new().routes(routes!(list_roles)).routes(routes!(
        get_role,
        put_role,
        delete_role
    ))
}

/// List the roles a group defines
///
/// By name; `admin` and the built-in roles, which every group has, are not among them.
#[utoipa::path(get, path = "/v1/groups/{id}/roles", tag = "groups", operation_id = "list_roles",
    params(("id" = GroupId, Path, description = "The group")),
    responses(
        (status = 200, description = "All of them", body = Page<GroupRole>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not read people here", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn list_roles(
    State(world): State<World>,
    By(caller): By,
    Path(group): Path<GroupId>,
) -> Answer<Reply<Page<GroupRole>>> {
    let data = rules::list(&world, &caller, group).await?;
    Ok(Reply(Page { data, next_cursor: None, has_more: false }))
}

/// Read a role of a group
#[utoipa::path(get, path = "/v1/groups/{id}/roles/{name}", tag = "groups",
    operation_id = "get_role",
    params(("id" = GroupId, Path, description = "The group"),
        ("name" = String, Path, description = "The role")),
    responses(
        (status = 200, description = "The role", body = GroupRole),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not read people here", body = Problem),
        (status = 404, description = "No such group or role to see", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn get_role(
    State(world): State<World>,
    By(caller): By,
    Path((group, name)): Path<(GroupId, String)>,
) -> Answer<Reply<GroupRole>> {
    Ok(Reply(rules::get(&world, &caller, group, name).await?))
}

/// Define a role of a group
///
/// Makes it, or changes what it allows, for whoever has it with their next request. Neither before
/// nor after may it allow what the caller may not do. Its holders have these permissions instead of
/// those of a built-in role.
#[utoipa::path(put, path = "/v1/groups/{id}/roles/{name}", tag = "groups",
    operation_id = "put_role",
    params(("id" = GroupId, Path, description = "The group"),
        ("name" = String, Path, description = "2 to 50 of `a-z`, `0-9`, `_` and `-`; not a \
            built-in role", example = "auditor")),
    request_body = RoleDefinition,
    responses(
        (status = 200, description = "As it is now", body = GroupRole),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not change people here, or lacks one of the \
            permissions", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 409, description = "Too many roles, or the group is archived", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "The name or a permission is wrong", body = Problem)))]
async fn put_role(
    State(world): State<World>,
    By(caller): By,
    Path((group, name)): Path<(GroupId, String)>,
    Body(definition): Body<RoleDefinition>,
) -> Answer<Reply<GroupRole>> {
    let permissions = definition.permissions;
    Ok(Reply(rules::put(&world, &caller, group, name, permissions).await?))
}

/// Delete a role of a group
///
/// While somebody has it, or an open invitation promises it, it stays.
#[utoipa::path(delete, path = "/v1/groups/{id}/roles/{name}", tag = "groups",
    operation_id = "delete_role",
    params(("id" = GroupId, Path, description = "The group"),
        ("name" = String, Path, description = "The role")),
    responses(
        (status = 204, description = "Gone"),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not change people here, or lacks one of its \
            permissions", body = Problem),
        (status = 404, description = "No such group or role to see", body = Problem),
        (status = 409, description = "In use, or the group is archived", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn delete_role(
    State(world): State<World>,
    By(caller): By,
    Path((group, name)): Path<(GroupId, String)>,
) -> Answer<StatusCode> {
    rules::delete(&world, &caller, group, name).await?;
    Ok(StatusCode::NO_CONTENT)
}
