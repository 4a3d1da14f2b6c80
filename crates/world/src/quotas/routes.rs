//! The wires of quotas.

use axum::extract::State;
use types::GroupId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, By, Path, Problem, Reply};

use super::model::Quota;
use super::rules;
use crate::World;

/// The routes of this feature.
pub fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new().routes(routes!(get_quota))
}

/// See what a group uses of its plan
///
/// For its members, and for the owners of a group above. A change that would go over a limit is
/// answered 402 `quota_exceeded`; each time 80, 95 or 100 % of one is reached, an event
/// `quota_warning` says so.
#[utoipa::path(get, path = "/v1/groups/{id}/quota", tag = "groups", operation_id = "get_quota",
    params(("id" = GroupId, Path, description = "The group")),
    responses(
        (status = 200, description = "What is used, of how much", body = Quota),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "A visitor, or without `groups:read`", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn get_quota(
    State(world): State<World>,
    By(caller): By,
    Path(group): Path<GroupId>,
) -> Answer<Reply<Quota>> {
    Ok(Reply(rules::get(&world, &caller, group).await?))
}
