//! The wires of joining and leaving.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use types::{GroupId, JoinRequestId, Page};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, By, Created, Listed, OptionalBody, PageParams, Paged, Path, Problem, Reply};

use super::model::{Approval, JoinRequest, Joined, Joining, RequestFilter};
use super::rules;
use crate::World;
use crate::listing::{After, Slice};
use crate::people::model::Person;

/// The routes of this feature.
pub fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new()
        .routes(routes!(join_group))
        .routes(routes!(leave_group))
        .routes(routes!(list_group_join_requests))
        .routes(routes!(approve_join_request))
        .routes(routes!(reject_join_request))
        .routes(routes!(list_own_join_requests))
        .routes(routes!(cancel_join_request))
}

impl IntoResponse for Joined {
    fn into_response(self) -> Response {
        match self {
            Self::Member(person) => Created {
                location: format!("/v1/people/{}", person.id),
                version: Some(person.version),
                body: person,
            }
            .into_response(),
            Self::Asked(request) => (StatusCode::ACCEPTED, Json(request)).into_response(),
        }
    }
}

/// Join a group
///
/// By the group's `joinPolicy`: into an `open` one at once, as a `customer`; where approval is
/// required, a request waits for its owners; others are `invite_only`. The body may be left out.
#[utoipa::path(post, path = "/v1/groups/{id}/join", tag = "groups", operation_id = "join_group",
    params(("id" = GroupId, Path, description = "The group")),
    request_body = Option<Joining>,
    responses(
        (status = 201, description = "A member", body = Person,
            headers(("location" = String), ("etag" = String))),
        (status = 202, description = "Asked; asking again changes nothing", body = JoinRequest),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 402, description = "The group's plan has no room for another member",
            body = Problem),
        (status = 403, description = "Nobody joins this group by themselves, or an API key asks",
            body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 409, description = "A member already, or the group is archived", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn join_group(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<GroupId>,
    OptionalBody(joining): OptionalBody<Joining>,
) -> Answer<Joined> {
    Ok(rules::join(&world, &caller, id, joining).await?)
}

/// Leave a group
///
/// And its teams. The last owner stays.
#[utoipa::path(post, path = "/v1/groups/{id}/leave", tag = "groups", operation_id = "leave_group",
    params(("id" = GroupId, Path, description = "The group")),
    responses(
        (status = 204, description = "Done"),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "An API key asks", body = Problem),
        (status = 404, description = "Not in such a group", body = Problem),
        (status = 409, description = "The last owner, their personal group, or an archived one",
            body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn leave_group(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<GroupId>,
) -> Answer<StatusCode> {
    rules::leave(&world, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List who asks to be let in
///
/// For those who may add people.
#[utoipa::path(get, path = "/v1/groups/{id}/join-requests", tag = "groups",
    operation_id = "list_group_join_requests",
    params(("id" = GroupId, Path, description = "The group"), RequestFilter, PageParams),
    responses(
        (status = 200, description = "A page of requests", body = Page<JoinRequest>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not add people here", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn list_group_join_requests(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<GroupId>,
    uri: Uri,
    page: Paged<RequestFilter>,
) -> Answer<Listed<JoinRequest>> {
    let after = world.after(&uri, page.cursor.as_deref())?;
    let slice = Slice { limit: page.limit, after, sort: page.filter.sort };
    let rows = rules::list(&world, &caller, id, page.filter, slice).await?;
    Ok(world.page(uri, slice.limit, rows, |request| After::Id(request.id.0)))
}

/// Let somebody in
///
/// They become `group_user`, unless the body, which may be left out, names another role.
#[utoipa::path(post, path = "/v1/groups/{id}/join-requests/{request}/approve", tag = "groups",
    operation_id = "approve_join_request",
    params(("id" = GroupId, Path, description = "The group"),
        ("request" = JoinRequestId, Path, description = "The request")),
    request_body = Option<Approval>,
    responses(
        (status = 200, description = "Approved", body = JoinRequest),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 402, description = "The group's plan has no room for another member",
            body = Problem),
        (status = 403, description = "May not add people here, or not with this role",
            body = Problem),
        (status = 404, description = "No such group or request to see", body = Problem),
        (status = 409, description = "Answered already, a member by now, or the group is archived",
            body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn approve_join_request(
    State(world): State<World>,
    By(caller): By,
    Path((group, id)): Path<(GroupId, JoinRequestId)>,
    OptionalBody(approval): OptionalBody<Approval>,
) -> Answer<Reply<JoinRequest>> {
    Ok(Reply(rules::approve(&world, &caller, group, id, approval).await?))
}

/// Do not let somebody in
#[utoipa::path(post, path = "/v1/groups/{id}/join-requests/{request}/reject", tag = "groups",
    operation_id = "reject_join_request",
    params(("id" = GroupId, Path, description = "The group"),
        ("request" = JoinRequestId, Path, description = "The request")),
    responses(
        (status = 200, description = "Rejected", body = JoinRequest),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not add people here", body = Problem),
        (status = 404, description = "No such group or request to see", body = Problem),
        (status = 409, description = "Answered already, or the group is archived", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn reject_join_request(
    State(world): State<World>,
    By(caller): By,
    Path((group, id)): Path<(GroupId, JoinRequestId)>,
) -> Answer<Reply<JoinRequest>> {
    Ok(Reply(rules::reject(&world, &caller, group, id).await?))
}

/// List one's own requests to be let in
///
/// In whichever group.
#[utoipa::path(get, path = "/v1/join-requests", tag = "groups",
    operation_id = "list_own_join_requests",
    params(RequestFilter, PageParams),
    responses(
        (status = 200, description = "A page of requests", body = Page<JoinRequest>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "An API key asks", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn list_own_join_requests(
    State(world): State<World>,
    By(caller): By,
    uri: Uri,
    page: Paged<RequestFilter>,
) -> Answer<Listed<JoinRequest>> {
    let after = world.after(&uri, page.cursor.as_deref())?;
    let slice = Slice { limit: page.limit, after, sort: page.filter.sort };
    let rows = rules::list_own(&world, &caller, page.filter, slice).await?;
    Ok(world.page(uri, slice.limit, rows, |request| After::Id(request.id.0)))
}

/// Take one's own request back
#[utoipa::path(delete, path = "/v1/join-requests/{id}", tag = "groups",
    operation_id = "cancel_join_request",
    params(("id" = JoinRequestId, Path, description = "The request")),
    responses(
        (status = 204, description = "Done"),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "An API key asks", body = Problem),
        (status = 404, description = "No such request of one's own", body = Problem),
        (status = 409, description = "Answered already", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn cancel_join_request(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<JoinRequestId>,
) -> Answer<StatusCode> {
    rules::cancel(&world, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
