//! The wires of how a group ends, comes back and changes hands.

use axum::extract::State;
use http::StatusCode;
use types::GroupId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Body, By, IfMatch, Params, Path, Problem, WithEtag};

use super::model::{Group, Handover, HowToEnd, HowToRestore};
use super::rules;
use crate::World;

/// The routes about the life of a group.
pub(super) fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new()
        .routes(routes!(archive_group))
        .routes(routes!(restore_group))
        .routes(routes!(transfer_ownership))
}

/// Archive a group
///
/// It stays readable and is restored by `POST restore`. Active children are a conflict, unless
/// `cascade=true` archives them too.
///
/// With `permanent=true`, its owner deletes an archived group for good: things, connections,
/// knowledge, memberships, roles, types, invitations and API keys; its events stay. The session
/// must be fresh, and `confirm` repeats the slug. It is gone with the answer; a large one is
/// cleared away afterwards, and its slug is free when that is done.
#[utoipa::path(delete, path = "/v1/groups/{id}", tag = "groups", operation_id = "archive_group",
    params(("id" = GroupId, Path, description = "The group"), HowToEnd,
        ("if-match" = Option<String>, Header, description = "The `ETag` that was read")),
    responses(
        (status = 204, description = "Done"),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not archive this group; to delete it, is not its owner \
            or has no fresh session", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 409, description = "It has active children, is archived already — to be \
            deleted, is not — or is a personal group", body = Problem),
        (status = 412, description = "Changed since it was read", body = Problem),
        (status = 422, description = "A parameter is wrong, or the slug not confirmed",
            body = Problem)))]
async fn archive_group(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<GroupId>,
    Params(how): Params<HowToEnd>,
    seen: IfMatch,
) -> Answer<StatusCode> {
    rules::end(&world, &caller, id, seen, how).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Restore a group
///
/// It can be changed again; with `cascade=true`, so can all archived groups below it.
#[utoipa::path(post, path = "/v1/groups/{id}/restore", tag = "groups",
    operation_id = "restore_group",
    params(("id" = GroupId, Path, description = "The group"), HowToRestore,
        ("if-match" = Option<String>, Header, description = "The `ETag` that was read")),
    responses(
        (status = 200, description = "As it is now", body = Group, headers(("etag" = String))),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not restore this group", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 409, description = "The group above is archived", body = Problem),
        (status = 412, description = "Changed since it was read", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn restore_group(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<GroupId>,
    Params(how): Params<HowToRestore>,
    seen: IfMatch,
) -> Answer<WithEtag<Group>> {
    let group = rules::restore(&world, &caller, id, seen, how.cascade).await?;
    Ok(WithEtag { version: group.version, body: group })
}

/// Hand a group over
///
/// Another member becomes its owner and the caller `group_user`, unless they keep their role. The
/// session must be fresh: 403 `session_not_fresh`.
#[utoipa::path(post, path = "/v1/groups/{id}/transfer-ownership", tag = "groups",
    operation_id = "transfer_ownership",
    params(("id" = GroupId, Path, description = "The group")),
    request_body = Handover,
    responses(
        (status = 200, description = "The group", body = Group, headers(("etag" = String))),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of this very group, or no fresh session",
            body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 409, description = "A personal group, the platform's own, or an archived one",
            body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "Not a member who can sign in", body = Problem)))]
async fn transfer_ownership(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<GroupId>,
    Body(handover): Body<Handover>,
) -> Answer<WithEtag<Group>> {
    let group = rules::transfer(&world, &caller, id, handover).await?;
    Ok(WithEtag { version: group.version, body: group })
}
