//! The wires of the contact form.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, Uri};
use types::{Page, ThingId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Body, By, ClientAddr, Listed, PageParams, Paged, Params, Path, Problem, Reply};

use super::model::{
    ContactChange, ContactCount, ContactFilter, ContactStats, ContactSubmission, NewContact,
    Received,
};
use super::rules;
use crate::World;
use crate::listing::{After, Slice};

/// The routes of this feature.
pub fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new()
        .routes(routes!(list_contacts, submit_contact))
        .routes(routes!(get_contact_stats))
        .routes(routes!(get_contact, update_contact))
}

/// Write to a group
///
/// Needs no account. The answer is the same whether or not there is such a group and it is public;
/// only the plan of one that is may have no room left. Five a minute and twenty an hour are taken
/// from one address, and as many for one e-mail.
#[utoipa::path(post, path = "/v1/contact", tag = "contact",
    operation_id = "submit_contact",
    security(()),
    request_body = NewContact,
    responses(
        (status = 202, description = "It came in", body = Received),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 402, description = "The group's plan has no room for it", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem),
        (status = 429, description = "Too many in a short time", body = Problem)))]
async fn submit_contact(
    State(world): State<World>,
    By(caller): By,
    client: ClientAddr,
    Body(new): Body<NewContact>,
) -> Answer<Response> {
    let received = rules::submit(&world, &caller, &client.limit_key(), new).await?;
    Ok((StatusCode::ACCEPTED, Reply(received)).into_response())
}

/// List what was written to a group
///
/// Newest first, for its owners.
#[utoipa::path(get, path = "/v1/contact", tag = "contact",
    operation_id = "list_contacts",
    params(ContactFilter, PageParams),
    responses(
        (status = 200, description = "A page of submissions", body = Page<ContactSubmission>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the group", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn list_contacts(
    State(world): State<World>,
    By(caller): By,
    uri: Uri,
    page: Paged<ContactFilter>,
) -> Answer<Listed<ContactSubmission>> {
    let after = world.after(&uri, page.cursor.as_deref())?;
    let slice = Slice { limit: page.limit, after, sort: page.filter.sort };
    let rows = rules::list(&world, &caller, page.filter, slice).await?;
    Ok(world.page(uri, slice.limit, rows, |one| After::Id(one.id.0)))
}

/// Count what was written to a group
///
/// By status, for its owners.
#[utoipa::path(get, path = "/v1/contact/stats", tag = "contact",
    operation_id = "get_contact_stats",
    params(ContactCount),
    responses(
        (status = 200, description = "How many there are", body = ContactStats),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "Not an owner of the group", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn get_contact_stats(
    State(world): State<World>,
    By(caller): By,
    Params(of): Params<ContactCount>,
) -> Answer<Reply<ContactStats>> {
    Ok(Reply(rules::stats(&world, &caller, of.group_id).await?))
}

/// Get a submission
#[utoipa::path(get, path = "/v1/contact/{id}", tag = "contact",
    operation_id = "get_contact",
    params(("id" = ThingId, Path, description = "The submission")),
    responses(
        (status = 200, description = "The submission", body = ContactSubmission),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 404, description = "No such submission to see", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn get_contact(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<ThingId>,
) -> Answer<Reply<ContactSubmission>> {
    Ok(Reply(rules::get(&world, &caller, id).await?))
}

/// Take a submission a step further
///
/// From `new` to `read`, `responded` and `archived`; steps may be left out, none goes back.
#[utoipa::path(patch, path = "/v1/contact/{id}", tag = "contact",
    operation_id = "update_contact",
    params(("id" = ThingId, Path, description = "The submission")),
    request_body = ContactChange,
    responses(
        (status = 200, description = "As it is now", body = ContactSubmission),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not change it", body = Problem),
        (status = 404, description = "No such submission to see", body = Problem),
        (status = 409, description = "A step back (`status_step`), or the group is archived",
            body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn update_contact(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<ThingId>,
    Body(change): Body<ContactChange>,
) -> Answer<Reply<ContactSubmission>> {
    Ok(Reply(rules::update(&world, &caller, id, change).await?))
}
