//! The wires of the ontology.

use axum::extract::State;
use axum::response::IntoResponse;
use http::header;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, By, Params, Problem, Reply};

use super::model::{OntologyFilter, OntologyView};
use super::rules;
use crate::World;

/// The routes of this feature.
pub fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new().routes(routes!(get_ontology))
}

/// Get the ontology
///
/// The types, roles, permissions and plans there are. Anybody may read the built-in ones; with
/// `groupId` come the types that the group and its ancestors registered.
#[utoipa::path(get, path = "/v1/ontology", tag = "ontology", operation_id = "get_ontology",
    params(OntologyFilter),
    responses(
        (status = 200, description = "The ontology", body = OntologyView),
        (status = 401, description = "A group is asked for and nobody is signed in", body = Problem),
        (status = 403, description = "The API key may not read groups", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn get_ontology(
    State(world): State<World>,
    By(caller): By,
    Params(filter): Params<OntologyFilter>,
) -> Answer<impl IntoResponse> {
    let view = rules::view(&world, &caller, filter).await?;
    // What is part of the binary changes with it only; what a group registered, at any time.
    let cache = if filter.group_id.is_some() { "private, no-cache" } else { "public, max-age=300" };
    Ok(([(header::CACHE_CONTROL, cache)], Reply(view)))
}
