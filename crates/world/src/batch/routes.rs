//! The wires of batches.

use axum::Extension;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Body, BodyLimit, By, Problem, Reply};

use super::model::{Batch, BatchAnswer};
use super::rules;
use crate::World;
use crate::bulk::routes::MAX_BODY;

/// The routes of this feature.
pub fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new().routes(routes!(carry_out_batch)).layer(Extension(BodyLimit(MAX_BODY)))
}

/// Carry out a batch
///
/// Up to 1000 changes of things, connections, people, knowledge, events and groups in one
/// transaction: all of them, or none. The first that fails decides the answer, which says in
/// `operation` which it was, with pointers like `/operations/3/body/name`.
#[utoipa::path(post, path = "/v1/batch", tag = "bulk", operation_id = "carry_out_batch",
    request_body = Batch,
    responses(
        (status = 200, description = "All of them, in their order", body = BatchAnswer),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 402, description = "An operation takes more than a plan includes",
            body = Problem),
        (status = 403, description = "An operation is not allowed", body = Problem),
        (status = 404, description = "An operation is about what is not there to see",
            body = Problem),
        (status = 409, description = "An operation contradicts what is stored", body = Problem),
        (status = 412, description = "Something changed since it was read", body = Problem),
        (status = 413, description = "Larger than 8 MiB", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn carry_out_batch(
    State(world): State<World>,
    By(caller): By,
    Body(batch): Body<Batch>,
) -> Answer<Reply<BatchAnswer>> {
    Ok(Reply(rules::carry_out(&world, &caller, batch).await?))
}
