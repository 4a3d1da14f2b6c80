//! The wire of the policy.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Body, By, Problem, Reply};

use super::model::{Question, Verdict};
use super::rules;
use crate::World;

/// The routes of this feature.
pub fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new().routes(routes!(explain_policy))
}

/// Ask why something is allowed, or not
///
/// About the caller; owners of a group may ask about others, too. It is the policy itself that
/// answers, so what it says holds. Other rules — the status of an object, quotas, versions — may
/// refuse what it allows.
#[utoipa::path(post, path = "/v1/policy/explain", tag = "groups",
    operation_id = "explain_policy",
    request_body = Question,
    responses(
        (status = 200, description = "What the policy says", body = Verdict),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not ask about others here", body = Problem),
        (status = 404, description = "No such object, group or person to see", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn explain_policy(
    State(world): State<World>,
    By(caller): By,
    Body(question): Body<Question>,
) -> Answer<Reply<Verdict>> {
    Ok(Reply(rules::explain(&world, &caller, question).await?))
}
