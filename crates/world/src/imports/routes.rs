//! The wires of imports.

use axum::extract::{Request, State};
use http::{HeaderMap, Uri};
use types::{Error, ErrorKind, ImportId, Page, Result};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Body, By, Created, Listed, PageParams, Paged, Path, Problem, Reply};

use super::model::{Import, ImportError, ImportFilter, NewImport};
use super::receive::{Upload, receive};
use super::rules;
use crate::World;
use crate::listing::{After, Slice};

/// The routes of this feature.
pub fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new()
        .routes(routes!(list_imports, create_import))
        .routes(routes!(get_import))
        .routes(routes!(upload_import))
        .routes(routes!(list_import_errors))
        .routes(routes!(cancel_import))
}

/// List imports
///
/// Newest first: all of a group for its owners, else the caller's own there.
#[utoipa::path(get, path = "/v1/imports", tag = "imports", operation_id = "list_imports",
    params(ImportFilter, PageParams),
    responses(
        (status = 200, description = "A page of imports", body = Page<Import>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn list_imports(
    State(world): State<World>,
    By(caller): By,
    uri: Uri,
    page: Paged<ImportFilter>,
) -> Answer<Listed<Import>> {
    let after = world.after(&uri, page.cursor.as_deref())?;
    let slice = Slice { limit: page.limit, after, ..Slice::default() };
    let rows = rules::list(&world, &caller, page.filter, slice).await?;
    Ok(world.page(uri, slice.limit, rows, |import| After::Id(import.id.0)))
}

/// Make an import
///
/// Says what will come; the bytes are then sent to `/v1/imports/{id}/data`. With `format: "bundle"`
/// they are the export of a group, here or on another server, which becomes a copy below `groupId`;
/// for owners of that group, in person.
#[utoipa::path(post, path = "/v1/imports", tag = "imports", operation_id = "create_import",
    request_body = NewImport,
    responses(
        (status = 201, description = "Made", body = Import, headers(("location" = String))),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not make such rows there", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 409, description = "The group is archived", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn create_import(
    State(world): State<World>,
    By(caller): By,
    Body(new): Body<NewImport>,
) -> Answer<Created<Import>> {
    let import = rules::create(&world, &caller, new).await?;
    Ok(Created { location: format!("/v1/imports/{}", import.id), version: None, body: import })
}

/// Get an import
///
/// How far it has come, and where to go on.
#[utoipa::path(get, path = "/v1/imports/{id}", tag = "imports", operation_id = "get_import",
    params(("id" = ImportId, Path, description = "The import")),
    responses(
        (status = 200, description = "The import", body = Import),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 404, description = "No such import to see", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn get_import(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<ImportId>,
) -> Answer<Reply<Import>> {
    Ok(Reply(rules::get(&world, &caller, id).await?))
}

/// Send the bytes of an import
///
/// Rows are taken as they arrive, up to 1000 to a transaction; a dry run tries up to 10000 rows and
/// 16 MiB of a request together, and that of a bundle comes in one such request. What broke off goes on with
/// `Upload-Offset`, the import's `offsetBytes`; no row is taken twice. Takes as long as bytes flow.
#[utoipa::path(put, path = "/v1/imports/{id}/data", tag = "imports",
    operation_id = "upload_import",
    params(("id" = ImportId, Path, description = "The import"),
        ("upload-offset" = Option<u64>, Header, description = "Where in the input the bytes \
            stand; 0, if absent")),
    request_body(content((String = "application/x-ndjson"), (String = "text/csv"))),
    responses(
        (status = 200, description = "As far as it has come now", body = Import),
        (status = 400, description = "The bytes broke off, or a header cannot be read",
            body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Made by somebody else, or the right is gone",
            body = Problem),
        (status = 404, description = "No such import to see", body = Problem),
        (status = 409, description = "It goes on elsewhere (`wrong_offset`), has ended, or the \
            group is archived", body = Problem),
        (status = 415, description = "Compressed", body = Problem),
        (status = 422, description = "Not an id, or more than `totalBytes`", body = Problem)))]
async fn upload_import(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<ImportId>,
    request: Request,
) -> Answer<Reply<Import>> {
    let upload = upload(request.headers())?;
    let body = web::brisk(request.into_body());
    Ok(Reply(receive(&world, &caller, id, upload, body, web::still_moving).await?))
}

/// List the refused rows of an import
///
/// In the order of the input, the first 1000.
#[utoipa::path(get, path = "/v1/imports/{id}/errors", tag = "imports",
    operation_id = "list_import_errors",
    params(("id" = ImportId, Path, description = "The import"), PageParams),
    responses(
        (status = 200, description = "A page of refused rows", body = Page<ImportError>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 404, description = "No such import to see", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn list_import_errors(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<ImportId>,
    uri: Uri,
    page: Paged<NoFilter>,
) -> Answer<Listed<ImportError>> {
    let after = world.after(&uri, page.cursor.as_deref())?;
    let slice = Slice { limit: page.limit, after, ..Slice::default() };
    let rows = rules::errors(&world, &caller, id, slice).await?;
    Ok(world.page(uri, slice.limit, rows, |one| After::Seq(one.line.cast_signed())))
}

/// Call an import off
///
/// What was taken stays.
#[utoipa::path(post, path = "/v1/imports/{id}/cancel", tag = "imports",
    operation_id = "cancel_import",
    params(("id" = ImportId, Path, description = "The import")),
    responses(
        (status = 200, description = "As it ended", body = Import),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 404, description = "No such import to see", body = Problem),
        (status = 409, description = "It has ended", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn cancel_import(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<ImportId>,
) -> Answer<Reply<Import>> {
    Ok(Reply(rules::cancel(&world, &caller, id).await?))
}

fn upload(headers: &HeaderMap) -> Result<Upload> {
    web::check_encoding(headers)?;
    let number = |name: &str| {
        headers.get(name).map(|value| value.to_str().ok().and_then(|text| text.parse().ok()))
    };
    let offset = number("upload-offset").unwrap_or(Some(0)).ok_or_else(|| {
        let message = "`Upload-Offset` is a number of bytes.";
        Error::new(ErrorKind::Malformed, "invalid_offset", message)
    })?;
    Ok(Upload { offset, length: number("content-length").flatten() })
}

/// A list without filters of its own.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct NoFilter {}
