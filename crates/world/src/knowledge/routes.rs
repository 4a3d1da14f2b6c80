//! The wires of knowledge and of search.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, Uri};
use types::KnowledgeId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Body, By, Created, ListedAs, PageParams, Paged, Path, Problem, Reply};

use super::model::{Embed, Embedded, Knowledge, KnowledgeFilter, NewKnowledge};
use super::table::TABLE;
use super::{embed, rules};
use crate::World;
use crate::listing::{CountedPage, Shown};
use crate::search;
use crate::search::model::{FoundList, Search};

/// The routes of this feature.
pub fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new()
        .routes(routes!(list_knowledge, create_knowledge))
        .routes(routes!(embed_knowledge))
        .routes(routes!(search_knowledge))
        .routes(routes!(get_knowledge, delete_knowledge))
}

/// List knowledge
///
/// Newest first. Without `groupId`, of every group the caller belongs to. A text longer than 8192
/// characters is cut; get the piece itself for all of it.
#[utoipa::path(get, path = "/v1/knowledge", tag = "knowledge", operation_id = "list_knowledge",
    params(KnowledgeFilter, PageParams),
    responses(
        (status = 200, description = "A page of knowledge", body = CountedPage<Knowledge>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the subtree's root", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "A parameter is wrong: also `unknown_sort`, `unknown_field`, \
            `invalid_cursor`, `query_too_expensive`", body = Problem)))]
async fn list_knowledge(
    State(world): State<World>,
    By(caller): By,
    uri: Uri,
    page: Paged<KnowledgeFilter>,
) -> Answer<ListedAs<CountedPage<Shown<Knowledge>>>> {
    let position = (page.limit, page.cursor.as_deref());
    let ask = world.ask(&uri, &TABLE, page.filter.words(), position)?;
    Ok(world.listed(uri, rules::list(&world, &caller, page.filter, ask).await?))
}

/// Keep a piece of knowledge
///
/// A label is there once in each group: making it again answers the one that is there, no longer
/// deprecated, and gives it to the thing as well.
#[utoipa::path(post, path = "/v1/knowledge", tag = "knowledge", operation_id = "create_knowledge",
    request_body = NewKnowledge,
    responses(
        (status = 201, description = "Made", body = Knowledge, headers(("location" = String))),
        (status = 200, description = "A label that was there already", body = Knowledge),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not add knowledge here, or not change the thing",
            body = Problem),
        (status = 404, description = "No such group or thing to see", body = Problem),
        (status = 409, description = "The group is archived, or the thing is in another tree",
            body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn create_knowledge(
    State(world): State<World>,
    By(caller): By,
    Body(new): Body<NewKnowledge>,
) -> Answer<Response> {
    let (made, is_new) = rules::create(&world, &caller, new).await?;
    Ok(if is_new {
        let location = format!("/v1/knowledge/{}", made.id);
        Created { location, version: None, body: made }.into_response()
    } else {
        Reply(made).into_response()
    })
}

/// Get a piece of knowledge
#[utoipa::path(get, path = "/v1/knowledge/{id}", tag = "knowledge",
    operation_id = "get_knowledge",
    params(("id" = KnowledgeId, Path, description = "The piece of knowledge")),
    responses(
        (status = 200, description = "The piece of knowledge", body = Knowledge),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 404, description = "No such knowledge to see", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn get_knowledge(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<KnowledgeId>,
) -> Answer<Reply<Knowledge>> {
    Ok(Reply(rules::get(&world, &caller, id).await?))
}

/// Delete a piece of knowledge
///
/// A label that things still carry is deprecated instead, and answered.
#[utoipa::path(delete, path = "/v1/knowledge/{id}", tag = "knowledge",
    operation_id = "delete_knowledge",
    params(("id" = KnowledgeId, Path, description = "The piece of knowledge")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 200, description = "A label in use, now deprecated", body = Knowledge),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not delete this", body = Problem),
        (status = 404, description = "No such knowledge to see", body = Problem),
        (status = 409, description = "The group is archived", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn delete_knowledge(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<KnowledgeId>,
) -> Answer<Response> {
    Ok(match rules::remove(&world, &caller, id).await? {
        Some(deprecated) => Reply(deprecated).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// Cut a text into chunks
///
/// Takes a thing's name and texts, or a text, and keeps it as chunks of about 800 tokens that
/// share about 200 with the one before; a token is taken for 4 characters. Cuts are made between
/// sentences; code blocks and tables stay whole. A source that did not change keeps its chunks
/// (`unchanged`); the chunks of a thing that did are replaced.
#[utoipa::path(post, path = "/v1/knowledge/embed", tag = "knowledge",
    operation_id = "embed_knowledge",
    request_body = Embed,
    responses(
        (status = 200, description = "The chunks", body = Embedded),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not add knowledge here, or not change the thing",
            body = Problem),
        (status = 404, description = "No such group or thing to see", body = Problem),
        (status = 409, description = "The group is archived, the thing is in another tree or is \
            being changed", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn embed_knowledge(
    State(world): State<World>,
    By(caller): By,
    Body(ask): Body<Embed>,
) -> Answer<Reply<Embedded>> {
    Ok(Reply(embed::embed(&world, &caller, ask).await?))
}

/// Search
///
/// Things and knowledge by their words, best first, within what the caller may see. All words must
/// occur; `"a phrase"`, `prefix*` and `-without` are understood. What was just changed is found a
/// moment later.
#[utoipa::path(post, path = "/v1/knowledge/search", tag = "knowledge",
    operation_id = "search_knowledge",
    request_body = Search,
    responses(
        (status = 200, description = "The best answers", body = FoundList),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the subtree's root", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A query without a word, or another wrong field",
            body = Problem)))]
async fn search_knowledge(
    State(world): State<World>,
    By(caller): By,
    Body(ask): Body<Search>,
) -> Answer<Reply<FoundList>> {
    Ok(Reply(search::rules::search(&world, &caller, ask).await?))
}
