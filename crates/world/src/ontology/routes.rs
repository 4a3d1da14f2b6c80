//! The wires of the ontology.

use axum::extract::State;
use axum::response::IntoResponse;
use http::header;
use types::Json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, By, Params, Problem, Reply};

use super::model::{OntologyFilter, OntologyView};
use super::rules;
use crate::World;

/// The routes of this feature.
pub fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new()
        .routes(routes!(get_ontology))
        .routes(routes!(get_typescript))
        .routes(routes!(get_type_schemas))
        .merge(super::type_routes::router())
}

/// Get the ontology
///
/// The types, roles, permissions and plans there are. Anybody may read the built-in ones; with
/// `groupId` come the types that the group and its ancestors registered.
#[utoipa::path(get, path = "/v1/ontology", tag = "ontology", operation_id = "get_ontology",
    params(OntologyFilter),
    security((), ("bearer" = []), ("apiKey" = []), ("session" = [])),
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
    Ok(([(header::CACHE_CONTROL, cache(filter))], Reply(view)))
}

/// What is part of the binary changes with it only; what a group registered, at any time.
const fn cache(filter: OntologyFilter) -> &'static str {
    if filter.group_id.is_some() { "private, no-cache" } else { "public, max-age=300" }
}

/// Get the types as TypeScript
///
/// An interface for the properties of each type of things, and the names of the types of things,
/// connections and events. The same types always make the same text.
#[utoipa::path(get, path = "/v1/ontology/types.ts", tag = "ontology",
    operation_id = "get_typescript", params(OntologyFilter),
    security((), ("bearer" = []), ("apiKey" = []), ("session" = [])),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/plain"),
        (status = 401, description = "A group is asked for and nobody is signed in", body = Problem),
        (status = 403, description = "The API key may not read groups", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn get_typescript(
    State(world): State<World>,
    By(caller): By,
    Params(filter): Params<OntologyFilter>,
) -> Answer<impl IntoResponse> {
    let text = rules::typescript(&world, &caller, filter).await?;
    let kind = "text/plain; charset=utf-8";
    Ok(([(header::CACHE_CONTROL, cache(filter)), (header::CONTENT_TYPE, kind)], text))
}

/// Get the types as OpenAPI schemas
///
/// A schema `Thing_TYPE` for each type of things, and `Thing` for any of them, told apart by
/// `type`: `{"components": {"schemas": …}}`, to be merged into an OpenAPI 3.1 document.
#[utoipa::path(get, path = "/v1/ontology/openapi.json", tag = "ontology",
    operation_id = "get_type_schemas", params(OntologyFilter),
    security((), ("bearer" = []), ("apiKey" = []), ("session" = [])),
    responses(
        (status = 200, description = "The schemas", body = Json),
        (status = 401, description = "A group is asked for and nobody is signed in", body = Problem),
        (status = 403, description = "The API key may not read groups", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn get_type_schemas(
    State(world): State<World>,
    By(caller): By,
    Params(filter): Params<OntologyFilter>,
) -> Answer<impl IntoResponse> {
    let schemas = rules::components(&world, &caller, filter).await?;
    Ok(([(header::CACHE_CONTROL, cache(filter))], Reply(schemas)))
}
