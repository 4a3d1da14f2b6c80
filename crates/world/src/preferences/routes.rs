//! The wires of preferences.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Body, By, Problem, Reply};

use super::model::{Preferences, PreferencesChange};
use super::rules;
use crate::World;

/// The routes of this feature.
pub fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new().routes(routes!(get_preferences, update_preferences))
}

/// Get one's preferences
#[utoipa::path(get, path = "/v1/people/me/preferences", tag = "people",
    operation_id = "get_preferences",
    responses(
        (status = 200, description = "What the caller likes", body = Preferences),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "An API key asks", body = Problem)))]
async fn get_preferences(State(world): State<World>, By(caller): By) -> Answer<Reply<Preferences>> {
    Ok(Reply(rules::get(&world, &caller).await?))
}

/// Change one's preferences
///
/// A merge patch (RFC 7396): what is absent stays, null leaves it to the device. A value that
/// cannot be chosen is refused with those that can.
#[utoipa::path(patch, path = "/v1/people/me/preferences", tag = "people",
    operation_id = "update_preferences",
    request_body = PreferencesChange,
    responses(
        (status = 200, description = "As they are now", body = Preferences),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "An API key asks", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A value that cannot be chosen", body = Problem)))]
async fn update_preferences(
    State(world): State<World>,
    By(caller): By,
    Body(change): Body<PreferencesChange>,
) -> Answer<Reply<Preferences>> {
    Ok(Reply(rules::update(&world, &caller, change).await?))
}
