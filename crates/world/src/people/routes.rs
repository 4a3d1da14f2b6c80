//! The wires of people.

use axum::extract::State;
use http::{StatusCode, Uri};
use serde::Deserialize;
use types::{Page, PersonId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{
    Answer, Body, By, Created, IfMatch, Listed, ListedAs, PageParams, Paged, Params, Path, Problem,
    WithEtag,
};

use super::model::{
    FromGroup, NewPerson, Person, PersonChange, PersonFilter, PersonGroup, SeenFrom,
};
use super::{rules, table};
use crate::World;
use crate::listing::{After, CountedPage, Shown, Slice};

/// The routes of this feature.
pub fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new()
        .routes(routes!(list_people, add_person))
        .routes(routes!(get_me))
        .routes(routes!(get_person_by_username))
        .routes(routes!(get_person, update_person, remove_person))
        .routes(routes!(list_person_groups))
}

/// List people
///
/// Members of a group, newest record first. Without `groupId`, whoever the caller may see that
/// `username`, `email` or `q` finds: people of the groups whose members they read.
#[utoipa::path(get, path = "/v1/people", tag = "people", operation_id = "list_people",
    params(PersonFilter, PageParams),
    responses(
        (status = 200, description = "A page of people", body = CountedPage<Person>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not read people here", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "A parameter is missing or wrong: also `unknown_sort`, \
            `unknown_field`, `invalid_cursor`, `query_too_expensive`", body = Problem)))]
async fn list_people(
    State(world): State<World>,
    By(caller): By,
    uri: Uri,
    page: Paged<PersonFilter>,
) -> Answer<ListedAs<CountedPage<Shown<Person>>>> {
    let position = (page.limit, page.cursor.as_deref());
    let ask = world.ask(&uri, table::of(&page.filter), page.filter.words(), position)?;
    Ok(world.listed(uri, rules::list(&world, &caller, page.filter, ask).await?))
}

/// Add somebody to a group
///
/// With `personId`, a person the caller may see already; a record without a login is brought along
/// by whoever may change it in a group it is in. With one's own id, anybody joins a group whose
/// `joinPolicy` is `open`. Else a new record without a login: its `email` is a note that brings in
/// no account and answers alike whether there is one.
#[utoipa::path(post, path = "/v1/people", tag = "people", operation_id = "add_person",
    request_body = NewPerson,
    responses(
        (status = 201, description = "Added", body = Person,
            headers(("location" = String), ("etag" = String))),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 402, description = "The plan includes no more of them", body = Problem),
        (status = 403, description = "May not add people here, or not with this role", body = Problem),
        (status = 404, description = "No such group or person to see", body = Problem),
        (status = 409, description = "A member already, the username is taken, or the group is \
            archived", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn add_person(
    State(world): State<World>,
    By(caller): By,
    Body(new): Body<NewPerson>,
) -> Answer<Created<Person>> {
    let person = rules::add(&world, &caller, new).await?;
    Ok(Created {
        location: format!("/v1/people/{}", person.id),
        version: Some(person.version),
        body: person,
    })
}

/// Get oneself
#[utoipa::path(get, path = "/v1/people/me", tag = "people", operation_id = "get_me",
    responses(
        (status = 200, description = "The caller", body = Person, headers(("etag" = String))),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 404, description = "The API key may not read people", body = Problem)))]
async fn get_me(State(world): State<World>, By(caller): By) -> Answer<WithEtag<Person>> {
    let person = rules::me(&world, &caller).await?;
    Ok(WithEtag { version: person.version, body: person })
}

/// Get a person by their username
///
/// Seen by themselves and by whoever may read people in a group they share.
#[utoipa::path(get, path = "/v1/people/by-username/{username}", tag = "people",
    operation_id = "get_person_by_username",
    params(("username" = String, Path, description = "What they are called in addresses")),
    responses(
        (status = 200, description = "The person", body = Person, headers(("etag" = String))),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 404, description = "No such person to see", body = Problem)))]
async fn get_person_by_username(
    State(world): State<World>,
    By(caller): By,
    Path(username): Path<String>,
) -> Answer<WithEtag<Person>> {
    let person = rules::by_username(&world, &caller, username).await?;
    Ok(WithEtag { version: person.version, body: person })
}

/// Get a person
///
/// Seen by themselves and by whoever may read people in a group they share. With `groupId`, also
/// what they are in that group.
#[utoipa::path(get, path = "/v1/people/{id}", tag = "people", operation_id = "get_person",
    params(("id" = PersonId, Path, description = "The person"), SeenFrom),
    responses(
        (status = 200, description = "The person", body = Person, headers(("etag" = String))),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not read people in this group", body = Problem),
        (status = 404, description = "No such person to see", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn get_person(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<PersonId>,
    Params(seen): Params<SeenFrom>,
) -> Answer<WithEtag<Person>> {
    let person = rules::get(&world, &caller, id, seen.group_id).await?;
    Ok(WithEtag { version: person.version, body: person })
}

/// Change a person
///
/// A merge patch (RFC 7396): what is absent stays, null removes. With `groupId`, owners change
/// role and permissions there. The record is changed by the person themselves; one without a
/// login, by owners.
#[utoipa::path(patch, path = "/v1/people/{id}", tag = "people", operation_id = "update_person",
    params(("id" = PersonId, Path, description = "The person"),
        ("if-match" = Option<String>, Header, description = "The `ETag` that was read")),
    request_body = PersonChange,
    responses(
        (status = 200, description = "As they are now", body = Person, headers(("etag" = String))),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not change this person, or not to this role", body = Problem),
        (status = 404, description = "No such person to see", body = Problem),
        (status = 409, description = "The last owner, a taken username, a personal group, or an \
            archived one", body = Problem),
        (status = 412, description = "Changed since they were read", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn update_person(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<PersonId>,
    seen: IfMatch,
    Body(change): Body<PersonChange>,
) -> Answer<WithEtag<Person>> {
    let person = rules::update(&world, &caller, id, seen, change).await?;
    Ok(WithEtag { version: person.version, body: person })
}

/// Remove somebody from a group
///
/// Anybody may leave; the last owner may not.
#[utoipa::path(delete, path = "/v1/people/{id}", tag = "people", operation_id = "remove_person",
    params(("id" = PersonId, Path, description = "The person"), FromGroup),
    responses(
        (status = 204, description = "Done"),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not remove people here, or none of this role", body = Problem),
        (status = 404, description = "No such group or member to see", body = Problem),
        (status = 409, description = "The last owner, their personal group, or an archived one",
            body = Problem),
        (status = 422, description = "A parameter is missing or wrong", body = Problem)))]
async fn remove_person(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<PersonId>,
    Params(from): Params<FromGroup>,
) -> Answer<StatusCode> {
    rules::remove(&world, &caller, id, from.group_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List a person's groups
///
/// All of them for the person themselves, else those whose members the caller may read.
#[utoipa::path(get, path = "/v1/people/{id}/groups", tag = "people",
    operation_id = "list_person_groups",
    params(("id" = PersonId, Path, description = "The person"), PageParams),
    responses(
        (status = 200, description = "A page of groups", body = Page<PersonGroup>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 404, description = "No such person to see", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn list_person_groups(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<PersonId>,
    uri: Uri,
    page: Paged<NoFilter>,
) -> Answer<Listed<PersonGroup>> {
    let after = world.after(&uri, page.cursor.as_deref())?;
    let slice = Slice { limit: page.limit, after, ..Slice::default() };
    let rows = rules::groups_of(&world, &caller, id, slice).await?;
    Ok(world.page(uri, slice.limit, rows, |one| After::Id(one.group.id.0)))
}

/// A list without filters of its own.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoFilter {}
