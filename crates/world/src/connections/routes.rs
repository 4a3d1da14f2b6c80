//! The wires of connections.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, Uri};
use types::{AnyId, ConnectionId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Body, By, Created, ListedAs, PageParams, Paged, Path, Problem, Reply};

use super::model::{Connection, ConnectionFilter, NewConnection, NodeFilter};
use super::rules;
use super::table::TABLE;
use crate::World;
use crate::listing::{CountedPage, Shown};

/// The routes of this feature.
pub fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new()
        .routes(routes!(list_connections, create_connection))
        .routes(routes!(list_connections_from))
        .routes(routes!(list_connections_to))
        .routes(routes!(get_connection, delete_connection))
}

/// List connections
///
/// Newest first. Without `groupId`, of every group the caller belongs to.
#[utoipa::path(get, path = "/v1/connections", tag = "connections",
    operation_id = "list_connections",
    params(ConnectionFilter, PageParams),
    responses(
        (status = 200, description = "A page of connections", body = CountedPage<Connection>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the subtree's root", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "A parameter is wrong: also `unknown_sort`, `unknown_field`, \
            `invalid_cursor`, `query_too_expensive`", body = Problem)))]
async fn list_connections(
    State(world): State<World>,
    By(caller): By,
    uri: Uri,
    page: Paged<ConnectionFilter>,
) -> Answer<ListedAs<CountedPage<Shown<Connection>>>> {
    let position = (page.limit, page.cursor.as_deref());
    let ask = world.ask(&uri, &TABLE, page.filter.words(), position)?;
    Ok(world.listed(uri, rules::list(&world, &caller, page.filter, ask).await?))
}

/// Make or update a connection
///
/// There is one connection of each type between two ends: making it again updates what is sent, if
/// the caller made it or may delete it. Both ends are things, people or groups of one group tree;
/// the type says which.
#[utoipa::path(post, path = "/v1/connections", tag = "connections",
    operation_id = "create_connection",
    request_body = NewConnection,
    responses(
        (status = 201, description = "Made", body = Connection, headers(("location" = String))),
        (status = 200, description = "There already; as it is now", body = Connection),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 402, description = "The plan includes no more of them", body = Problem),
        (status = 403, description = "May not make connections here", body = Problem),
        (status = 404, description = "An end is not there to see", body = Problem),
        (status = 409, description = "Between two group trees, in an archived group, closing a \
            cycle (`cycle`, with the path in the message), or somebody else's \
            (`already_exists`)", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn create_connection(
    State(world): State<World>,
    By(caller): By,
    Body(new): Body<NewConnection>,
) -> Answer<Response> {
    let (connection, is_new) = rules::create(&world, &caller, new).await?;
    Ok(if is_new {
        let location = format!("/v1/connections/{}", connection.id);
        Created { location, version: None, body: connection }.into_response()
    } else {
        Reply(connection).into_response()
    })
}

/// Get a connection
#[utoipa::path(get, path = "/v1/connections/{id}", tag = "connections",
    operation_id = "get_connection",
    params(("id" = ConnectionId, Path, description = "The connection")),
    responses(
        (status = 200, description = "The connection", body = Connection),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 404, description = "No such connection to see", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn get_connection(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<ConnectionId>,
) -> Answer<Reply<Connection>> {
    Ok(Reply(rules::get(&world, &caller, id).await?))
}

/// Delete a connection
#[utoipa::path(delete, path = "/v1/connections/{id}", tag = "connections",
    operation_id = "delete_connection",
    params(("id" = ConnectionId, Path, description = "The connection")),
    responses(
        (status = 204, description = "Done"),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not delete this connection", body = Problem),
        (status = 404, description = "No such connection to see", body = Problem),
        (status = 409, description = "The group is archived", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn delete_connection(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<ConnectionId>,
) -> Answer<StatusCode> {
    rules::remove(&world, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List what an object connects to
///
/// The connections that start at a thing, a person or a group. Newest first.
#[utoipa::path(get, path = "/v1/connections/from/{id}", tag = "connections",
    operation_id = "list_connections_from",
    params(("id" = AnyId, Path, description = "A thing, a person or a group"),
        NodeFilter, PageParams),
    responses(
        (status = 200, description = "A page of connections", body = CountedPage<Connection>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 404, description = "No such object to see", body = Problem),
        (status = 422, description = "A parameter is wrong: also `unknown_sort`, `unknown_field`, \
            `invalid_cursor`, `query_too_expensive`", body = Problem)))]
async fn list_connections_from(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<String>,
    uri: Uri,
    page: Paged<NodeFilter>,
) -> Answer<ListedAs<CountedPage<Shown<Connection>>>> {
    let position = (page.limit, page.cursor.as_deref());
    let ask = world.ask(&uri, &TABLE, page.filter.words(), position)?;
    Ok(world.listed(uri, rules::list_from(&world, &caller, &id, page.filter, ask).await?))
}

/// List what connects to an object
///
/// The connections that end at a thing, a person or a group. Newest first.
#[utoipa::path(get, path = "/v1/connections/to/{id}", tag = "connections",
    operation_id = "list_connections_to",
    params(("id" = AnyId, Path, description = "A thing, a person or a group"),
        NodeFilter, PageParams),
    responses(
        (status = 200, description = "A page of connections", body = CountedPage<Connection>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 404, description = "No such object to see", body = Problem),
        (status = 422, description = "A parameter is wrong: also `unknown_sort`, `unknown_field`, \
            `invalid_cursor`, `query_too_expensive`", body = Problem)))]
async fn list_connections_to(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<String>,
    uri: Uri,
    page: Paged<NodeFilter>,
) -> Answer<ListedAs<CountedPage<Shown<Connection>>>> {
    let position = (page.limit, page.cursor.as_deref());
    let ask = world.ask(&uri, &TABLE, page.filter.words(), position)?;
    Ok(world.listed(uri, rules::list_to(&world, &caller, &id, page.filter, ask).await?))
}
