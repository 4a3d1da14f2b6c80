//! The wires of registered types.

use axum::extract::State;
use http::{StatusCode, Uri};
use serde::Deserialize;
use types::{GroupId, Json, JsonMap, Page};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{
    Answer, Body, By, IfMatch, Listed, PageParams, Paged, Params, Path, Problem, Reply, WithEtag,
};

use super::model::{Dimension, HowToDefine, RegisteredType, TypeFilter, TypeSummary, TypeVersion};
use super::register;
use crate::World;
use crate::listing::After;

/// The routes of this feature.
pub(super) fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new()
        .routes(routes!(list_types))
        .routes(routes!(get_type, put_type, delete_type))
        .routes(routes!(list_type_versions))
}

/// List the types a group registered
///
/// By dimension and name, without their definitions. Types of groups above, and the built-in ones,
/// are in the ontology.
#[utoipa::path(get, path = "/v1/groups/{id}/types", tag = "ontology", operation_id = "list_types",
    params(("id" = GroupId, Path, description = "The group"), TypeFilter),
    responses(
        (status = 200, description = "All of them", body = Page<TypeSummary>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "The API key may not read groups", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn list_types(
    State(world): State<World>,
    By(caller): By,
    Path(group): Path<GroupId>,
    Params(filter): Params<TypeFilter>,
) -> Answer<Reply<Page<TypeSummary>>> {
    let data = register::list(&world, &caller, group, filter.dimension).await?;
    Ok(Reply(Page { data, next_cursor: None, has_more: false }))
}

/// Get a type a group registered
#[utoipa::path(get, path = "/v1/groups/{id}/types/{dimension}/{name}", tag = "ontology",
    operation_id = "get_type",
    params(("id" = GroupId, Path, description = "The group"),
        ("dimension" = Dimension, Path, description = "Of what it is a kind"),
        ("name" = String, Path, description = "The type")),
    responses(
        (status = 200, description = "The type", body = RegisteredType,
            headers(("etag" = String))),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "The API key may not read groups", body = Problem),
        (status = 404, description = "No such group to see, or no such type of it",
            body = Problem),
        (status = 422, description = "A part of the path is wrong", body = Problem)))]
async fn get_type(
    State(world): State<World>,
    By(caller): By,
    Path(which): Path<(GroupId, Dimension, String)>,
) -> Answer<WithEtag<RegisteredType>> {
    let body = register::get(&world, &caller, which).await?;
    Ok(WithEtag { version: body.summary.version, body })
}

/// Register a type, or define it anew
///
/// A type of things takes `category`, `properties` (a JSON Schema, draft 2020-12, for each),
/// `schema` (one for all of them together), `required`, `unique`, `indexed`, `hidden` and
/// `deprecated`; of connections `family`, `from`, `to`, `acyclic` and `metadata`; of events
/// `category`. The group and those below it may use it. Every change is kept as a version.
///
/// Things that exist must fit: if some do not, `data_does_not_fit` names the first 20 the caller
/// may see as `/things/ID/properties/NAME`, and nothing changes. A definition of connections or
/// events counts for what is made from then on.
#[utoipa::path(put, path = "/v1/groups/{id}/types/{dimension}/{name}", tag = "ontology",
    operation_id = "put_type",
    params(("id" = GroupId, Path, description = "The group"),
        ("dimension" = Dimension, Path, description = "Of what it is a kind"),
        ("name" = String, Path, description = "1 to 64 of `a-z`, `0-9` and `_`, starting with a \
            letter; not a built-in type", example = "package"),
        HowToDefine,
        ("if-match" = Option<String>, Header, description = "The `ETag` that was read")),
    request_body(content = Object, example = json!({
        "properties": {"size": {"type": "integer", "minimum": 0}}, "indexed": ["size"]})),
    responses(
        (status = 200, description = "As it is now", body = RegisteredType,
            headers(("etag" = String))),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not register types here", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 409, description = "A built-in type (`built_in_type`), too many types, an \
            archived group, or things that do not fit (`data_does_not_fit`), share what is to be \
            unique (`duplicate_key`) or are too many to look at (`too_much_data`)",
            body = Problem),
        (status = 412, description = "Changed since it was read", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "The name or the definition is wrong", body = Problem)))]
async fn put_type(
    State(world): State<World>,
    By(caller): By,
    Path(which): Path<(GroupId, Dimension, String)>,
    Params(how): Params<HowToDefine>,
    seen: IfMatch,
    Body(definition): Body<JsonMap>,
) -> Answer<WithEtag<RegisteredType>> {
    let definition = Json::of(&definition).map_err(types::Error::from)?;
    let body = register::put(&world, &caller, which, seen, definition, how.existing).await?;
    Ok(WithEtag { version: body.summary.version, body })
}

/// Delete a type a group registered
///
/// While anything of it exists, in the group or below, it stays.
#[utoipa::path(delete, path = "/v1/groups/{id}/types/{dimension}/{name}", tag = "ontology",
    operation_id = "delete_type",
    params(("id" = GroupId, Path, description = "The group"),
        ("dimension" = Dimension, Path, description = "Of what it is a kind"),
        ("name" = String, Path, description = "The type"),
        ("if-match" = Option<String>, Header, description = "The `ETag` that was read")),
    responses(
        (status = 204, description = "Gone; its versions stay"),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not register types here", body = Problem),
        (status = 404, description = "No such group to see, or no such type of it",
            body = Problem),
        (status = 409, description = "In use (`type_in_use`), or the group is archived",
            body = Problem),
        (status = 412, description = "Changed since it was read", body = Problem),
        (status = 422, description = "A part of the path is wrong", body = Problem)))]
async fn delete_type(
    State(world): State<World>,
    By(caller): By,
    Path(which): Path<(GroupId, Dimension, String)>,
    seen: IfMatch,
) -> Answer<StatusCode> {
    register::delete(&world, &caller, which, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the definitions a type has had
///
/// Newest first; also of a type that was deleted.
#[utoipa::path(get, path = "/v1/groups/{id}/types/{dimension}/{name}/versions", tag = "ontology",
    operation_id = "list_type_versions",
    params(("id" = GroupId, Path, description = "The group"),
        ("dimension" = Dimension, Path, description = "Of what it is a kind"),
        ("name" = String, Path, description = "The type"), PageParams),
    responses(
        (status = 200, description = "A page of versions", body = Page<TypeVersion>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "The API key may not read groups", body = Problem),
        (status = 404, description = "No such group to see, or never such a type of it",
            body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn list_type_versions(
    State(world): State<World>,
    By(caller): By,
    Path(which): Path<(GroupId, Dimension, String)>,
    uri: Uri,
    page: Paged<NoFilter>,
) -> Answer<Listed<TypeVersion>> {
    let before = match world.after(&uri, page.cursor.as_deref())? {
        Some(After::Seq(version)) => Some(version),
        _ => None,
    };
    let limit = page.limit;
    let rows = register::versions(&world, &caller, which, before, limit.probe()).await?;
    Ok(world.page(uri, limit, rows, |one| After::Seq(one.version.cast_signed())))
}

/// A list without filters of its own.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoFilter {}
