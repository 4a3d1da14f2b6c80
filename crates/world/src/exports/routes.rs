//! The wires of exports.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use futures_util::stream;
use http::{HeaderValue, header};
use types::{Error, GroupId, Result};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, By, Params, Path, Problem, unfolding};

use super::model::ExportFilter;
use super::{rules, whole};
use crate::World;

/// The routes of this feature.
pub fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new().routes(routes!(export_rows)).routes(routes!(export_group))
}

/// Export rows
///
/// What the list of the same dimension shows the caller, oldest first, as a file. The last line of
/// NDJSON is `{"kind":"end","rows":n}`; an export that fails on its way breaks the connection, so
/// that no part looks whole.
#[utoipa::path(get, path = "/v1/exports", tag = "exports", operation_id = "export_rows",
    params(ExportFilter),
    responses(
        (status = 200, description = "The rows", content(
            (String = "application/x-ndjson"), (String = "text/csv")),
            headers(("content-disposition" = String))),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not read them", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn export_rows(
    State(world): State<World>,
    By(caller): By,
    Params(ask): Params<ExportFilter>,
) -> Answer<Response> {
    sent(rules::Export::open(&world, &caller, ask).await?)
}

/// An export as an answer.
pub(crate) fn sent(export: rules::Export) -> Answer<Response> {
    let (name, kind) = export.label();
    let pieces = stream::try_unfold(export, async |mut export| {
        let piece = export.next().await.map_err(|error| broken(&error))?;
        Ok::<_, std::io::Error>(piece.map(|piece| (piece, export)))
    });
    Ok(file(&name, kind, unfolding(Body::from_stream(pieces)))?)
}

/// Export a group
///
/// A group and all below it, in the lines that `sixfold import` and an import of format `bundle`
/// take: the one as it was, with its ids, the other as a copy. Without the values of hidden
/// properties. The last line is `{"kind":"end","rows":n}`. For owners.
#[utoipa::path(get, path = "/v1/groups/{id}/export", tag = "exports",
    operation_id = "export_group",
    params(("id" = GroupId, Path, description = "The group")),
    responses(
        (status = 200, description = "One object a line", content(
            (String = "application/x-ndjson")), headers(("content-disposition" = String))),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the group", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "Not an id", body = Problem),
        (status = 503, description = "Too many groups are being exported just now, or the \
            store had no room for one more read", body = Problem),
        (status = 507, description = "Too little room on the disk", body = Problem)))]
async fn export_group(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<GroupId>,
) -> Answer<Response> {
    let (slug, whole) = whole::open(&world, &caller, id).await?;
    let pieces = stream::try_unfold(whole, async |mut whole| {
        let piece = whole.next().await.map_err(|error| broken(&error))?;
        Ok::<_, std::io::Error>(piece.map(|piece| (piece, whole)))
    });
    let body = unfolding(Body::from_stream(pieces));
    Ok(file(&format!("{slug}.ndjson"), "application/x-ndjson", body)?)
}

/// Breaks the connection, and tells the log why.
fn broken(error: &Error) -> std::io::Error {
    tracing::warn!(?error, "an export broke off");
    std::io::Error::other("the export broke off")
}

fn file(name: &str, kind: &'static str, body: Body) -> Result<Response> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let disposition = format!("attachment; filename=\"{name}\"");
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::try_from(disposition)?);
    Ok(response)
}
