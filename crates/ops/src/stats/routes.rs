//! The wire of the state of the house.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, By, Problem, Reply};

use super::model::OpsStats;
use super::rules;
use crate::Ops;

/// The route of this feature.
pub fn router() -> OpenApiRouter<Ops> {
    OpenApiRouter::new().routes(routes!(get_ops_stats))
}

/// The state of the house
///
/// What the metrics say, for owners of the platform. Numbers of the process count since its start.
#[utoipa::path(get, path = "/v1/ops/stats", tag = "operations", operation_id = "get_ops_stats",
    responses(
        (status = 200, description = "As of now; what is read from the store is up to five seconds old",
            body = OpsStats),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the platform", body = Problem)))]
async fn get_ops_stats(State(ops): State<Ops>, By(caller): By) -> Answer<Reply<OpsStats>> {
    Ok(Reply(rules::stats(&ops, &caller).await?))
}
