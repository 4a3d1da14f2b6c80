//! The wires of backups.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, By, Problem, Reply};

use super::model::{BackupList, BackupStarted, BackupStatus};
use super::rules;
use crate::Ops;

/// The routes of this feature.
pub fn router() -> OpenApiRouter<Ops> {
    OpenApiRouter::new()
        .routes(routes!(list_backups, create_backup))
        .routes(routes!(get_backup_status))
}

/// List backups
///
/// The newest 200 at the place the settings name, the newest first, as each says of itself. Only
/// `sixfold backup verify` tells whether one can be restored.
#[utoipa::path(get, path = "/v1/backups", tag = "backups", operation_id = "list_backups",
    responses(
        (status = 200, description = "The newest backups", body = BackupList),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the platform", body = Problem),
        (status = 503, description = "The place cannot be read: `backup_place_unreadable`",
            body = Problem)))]
async fn list_backups(State(ops): State<Ops>, By(caller): By) -> Answer<Reply<BackupList>> {
    Ok(Reply(rules::list(&ops.backups, &caller).await?))
}

/// Make a backup
///
/// A job makes it, beside everything else; there is one at a time. It stays until somebody deletes
/// it.
#[utoipa::path(post, path = "/v1/backups", tag = "backups", operation_id = "create_backup",
    responses(
        (status = 202, description = "It is being made", body = BackupStarted),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the platform", body = Problem),
        (status = 409, description = "Not from here: `backup_of_postgres`, \
            `backup_not_configured`", body = Problem)))]
async fn create_backup(State(ops): State<Ops>, By(caller): By) -> Answer<Response> {
    let started = rules::create(&ops, &ops.backups, &caller).await?;
    Ok((StatusCode::ACCEPTED, Reply(started)).into_response())
}

/// Get how it stands with backups
///
/// Where they go, when the next one is made, and what came of the last one.
#[utoipa::path(get, path = "/v1/backups/status", tag = "backups",
    operation_id = "get_backup_status",
    responses(
        (status = 200, description = "How it stands", body = BackupStatus),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the platform", body = Problem)))]
async fn get_backup_status(State(ops): State<Ops>, By(caller): By) -> Answer<Reply<BackupStatus>> {
    Ok(Reply(rules::status(&ops, &ops.backups, &caller).await?))
}
