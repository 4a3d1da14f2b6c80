//! The wires of the sealed log.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{Uri, header};
use types::{EventId, Page};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, By, Listed, PageParams, Paged, Params, Path, Problem, Reply};

use super::model::{
    AuditCheckpoint, AuditConsistency, AuditInclusion, ConsistencyAsked, InclusionAsked,
};
use super::rules;
use crate::Ops;

/// A note is text, and UTF-8.
const TEXT: &str = "text/plain; charset=utf-8";
/// What cursors of the list are good for.
const SCOPE: &str = "/v1/audit/checkpoints";

/// The routes of this feature.
pub fn router() -> OpenApiRouter<Ops> {
    OpenApiRouter::new()
        .routes(routes!(get_audit_checkpoint))
        .routes(routes!(list_audit_checkpoints))
        .routes(routes!(get_audit_inclusion))
        .routes(routes!(get_audit_consistency))
}

/// Get the last checkpoint of the event log
///
/// As a signed note (C2SP tlog-checkpoint): the name of the log, how many events were sealed, the
/// root of their tree, and a signature. Whoever keeps it elsewhere can prove later what was there.
#[utoipa::path(get, path = "/v1/audit/checkpoint", tag = "audit",
    operation_id = "get_audit_checkpoint",
    responses(
        (status = 200, description = "The note", content_type = "text/plain", body = String),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the platform", body = Problem),
        (status = 404, description = "Nothing was sealed yet", body = Problem)))]
async fn get_audit_checkpoint(State(ops): State<Ops>, By(caller): By) -> Answer<Response> {
    let note = rules::checkpoint(&ops, &caller).await?;
    Ok(([(header::CONTENT_TYPE, TEXT)], note).into_response())
}

/// List checkpoints of the event log
///
/// The last first: all of this hour, and the last of each hour before.
#[utoipa::path(get, path = "/v1/audit/checkpoints", tag = "audit",
    operation_id = "list_audit_checkpoints",
    params(PageParams),
    responses(
        (status = 200, description = "A page of checkpoints", body = Page<AuditCheckpoint>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the platform", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn list_audit_checkpoints(
    State(ops): State<Ops>,
    By(caller): By,
    uri: Uri,
    page: Paged<()>,
) -> Answer<Listed<AuditCheckpoint>> {
    let opened =
        page.cursor.as_deref().map(|cursor| ops.cursors.open(SCOPE, cursor)).transpose()?;
    let before = opened.and_then(|bytes| bytes.try_into().ok()).map(i64::from_be_bytes);
    let mut data = rules::list(&ops, &caller, before, page.limit).await?;
    let has_more = data.len() > page.limit.rows();
    data.truncate(page.limit.rows());
    let last = data.last().filter(|_| has_more);
    let next_cursor = last.map(|last| ops.cursors.seal(SCOPE, &last.size.to_be_bytes()));
    Ok(Listed(Page { data, next_cursor, has_more }, uri))
}

/// Prove that an event is in the log
///
/// What was hashed of the event, its place in the tree, and the hashes that lead from there to the
/// root (RFC 6962, 2.1.1). An event is sealed a second or two after it was recorded.
#[utoipa::path(get, path = "/v1/audit/events/{id}", tag = "audit",
    operation_id = "get_audit_inclusion",
    params(("id" = EventId, Path, description = "The event"), InclusionAsked),
    responses(
        (status = 200, description = "The proof", body = AuditInclusion),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the platform", body = Problem),
        (status = 404, description = "No such event, or it is not sealed yet", body = Problem),
        (status = 422, description = "Not an id, or a tree without this event: `out_of_range`",
            body = Problem)))]
async fn get_audit_inclusion(
    State(ops): State<Ops>,
    By(caller): By,
    Path(id): Path<EventId>,
    Params(asked): Params<InclusionAsked>,
) -> Answer<Reply<AuditInclusion>> {
    Ok(Reply(rules::inclusion(&ops, &caller, id, asked.size).await?))
}

/// Prove that nothing of the log was changed between two checkpoints
///
/// The hashes that show that the older tree is the beginning of the newer one (RFC 6962, 2.1.2).
#[utoipa::path(get, path = "/v1/audit/consistency", tag = "audit",
    operation_id = "get_audit_consistency",
    params(ConsistencyAsked),
    responses(
        (status = 200, description = "The proof", body = AuditConsistency),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the platform", body = Problem),
        (status = 404, description = "Nothing was sealed yet", body = Problem),
        (status = 422, description = "A parameter is wrong, or there is no such tree: \
            `out_of_range`", body = Problem)))]
async fn get_audit_consistency(
    State(ops): State<Ops>,
    By(caller): By,
    Params(asked): Params<ConsistencyAsked>,
) -> Answer<Reply<AuditConsistency>> {
    Ok(Reply(rules::consistency(&ops, &caller, asked.from, asked.to).await?))
}
