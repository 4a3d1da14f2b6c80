//! The wires of notifications.

use axum::extract::State;
use axum::response::Response;
use http::{StatusCode, Uri};
use serde::Deserialize;
use types::{Error, Page, ThingId, Time};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;
use web::{Answer, Body, By, Listed, PageParams, Paged, Params, Path, Problem, Reply, WithEtag};

use super::model::{
    Counts, Ids, Meant, NewNotification, Notification, NotificationQuery, Preferences,
    PreferencesChange, Sent,
};
use super::{digest, page, rules, send};
use crate::World;

/// The routes of this feature.
pub fn router() -> OpenApiRouter<World> {
    OpenApiRouter::new()
        .routes(routes!(list_notifications, send_notification))
        .routes(routes!(count_notifications))
        .routes(routes!(read_notifications))
        .routes(routes!(unread_notifications))
        .routes(routes!(get_notification_preferences, update_notification_preferences))
        .routes(routes!(show_unsubscribe, unsubscribe))
        .routes(routes!(get_notification, delete_notification))
}

/// List one's notifications
///
/// The latest first. What belongs together is one as long as it is unread, with how often it
/// happened as `count`.
#[utoipa::path(get, path = "/v1/notifications", tag = "notifications",
    operation_id = "list_notifications",
    params(NotificationQuery, PageParams),
    responses(
        (status = 200, description = "A page of notifications", body = Page<Notification>),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "An API key asks", body = Problem),
        (status = 422, description = "A parameter is wrong", body = Problem)))]
async fn list_notifications(
    State(world): State<World>,
    By(caller): By,
    uri: Uri,
    page: Paged<NotificationQuery>,
) -> Answer<Listed<Notification>> {
    let after = world.open(&uri, page.cursor.as_deref())?.map(|at| place(&at)).transpose()?;
    let mut rows = rules::list(&world, &caller, page.filter, page.limit, after).await?;
    let has_more = rows.len() > page.limit.rows();
    rows.truncate(page.limit.rows());
    let next_cursor = rows.last().filter(|_| has_more).map(|last| {
        let place = [&last.updated_at.micros().to_be_bytes()[..], last.id.0.as_bytes()].concat();
        world.seal(&uri, &place)
    });
    Ok(Listed(Page { data: rows, next_cursor, has_more }, uri))
}

/// Where a page ended: when its last was told, and its id.
fn place(sealed: &[u8]) -> types::Result<(Time, ThingId)> {
    let read = || {
        let (at, id) = sealed.split_at_checked(8)?;
        let at = i64::from_be_bytes(at.try_into().ok()?);
        Some((Time::from_micros(at), ThingId(Uuid::from_slice(id).ok()?)))
    };
    read().ok_or_else(|| Error::internal("a cursor of ours cannot be read"))
}

/// Send a notification
///
/// To all members of a group, or some of them, by whoever has `notifications:create` there. They
/// are told as each of them chose to be told of announcements; whoever sends it is not.
#[utoipa::path(post, path = "/v1/notifications", tag = "notifications",
    operation_id = "send_notification",
    request_body = NewNotification,
    responses(
        (status = 202, description = "On its way", body = Sent),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "May not send any here", body = Problem),
        (status = 404, description = "No such group to see", body = Problem),
        (status = 409, description = "The group is archived", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn send_notification(
    State(world): State<World>,
    By(caller): By,
    Body(new): Body<NewNotification>,
) -> Answer<(StatusCode, Reply<Sent>)> {
    Ok((StatusCode::ACCEPTED, Reply(send::send(&world, &caller, new).await?)))
}

/// Count what one has not read
#[utoipa::path(get, path = "/v1/notifications/counts", tag = "notifications",
    operation_id = "count_notifications",
    responses(
        (status = 200, description = "How many there are", body = Counts),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "An API key asks", body = Problem)))]
async fn count_notifications(State(world): State<World>, By(caller): By) -> Answer<Reply<Counts>> {
    Ok(Reply(rules::counts(&world, &caller).await?))
}

/// Mark notifications as read
///
/// Some by their ids, all up to a moment — so that what came meanwhile stays unread —, or all.
/// Answers with what is unread by now; ids of others are passed over.
#[utoipa::path(post, path = "/v1/notifications/read", tag = "notifications",
    operation_id = "read_notifications",
    request_body = Meant,
    responses(
        (status = 200, description = "What is unread now", body = Counts),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "An API key asks", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "Not exactly one of the ways", body = Problem)))]
async fn read_notifications(
    State(world): State<World>,
    By(caller): By,
    Body(meant): Body<Meant>,
) -> Answer<Reply<Counts>> {
    Ok(Reply(rules::mark_read(&world, &caller, meant).await?))
}

/// Mark notifications as not read
#[utoipa::path(post, path = "/v1/notifications/unread", tag = "notifications",
    operation_id = "unread_notifications",
    request_body = Ids,
    responses(
        (status = 200, description = "What is unread now", body = Counts),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "An API key asks", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem)))]
async fn unread_notifications(
    State(world): State<World>,
    By(caller): By,
    Body(ids): Body<Ids>,
) -> Answer<Reply<Counts>> {
    Ok(Reply(rules::mark_unread(&world, &caller, ids).await?))
}

/// Get what one wants to be told of
#[utoipa::path(get, path = "/v1/notifications/preferences", tag = "notifications",
    operation_id = "get_notification_preferences",
    responses(
        (status = 200, description = "Each kind with its ways, and when letters come",
            body = Preferences),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "An API key asks", body = Problem)))]
async fn get_notification_preferences(
    State(world): State<World>,
    By(caller): By,
) -> Answer<Reply<Preferences>> {
    Ok(Reply(rules::preferences(&world, &caller).await?))
}

/// Change what one wants to be told of
///
/// A merge patch (RFC 7396): what is absent stays, null is the default again. A kind without any
/// way is not told at all. What waits for a letter comes when letters come by now.
#[utoipa::path(patch, path = "/v1/notifications/preferences", tag = "notifications",
    operation_id = "update_notification_preferences",
    request_body = PreferencesChange,
    responses(
        (status = 200, description = "As they are now", body = Preferences),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "An API key asks", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its content type", body = Problem),
        (status = 422, description = "A value that cannot be chosen", body = Problem)))]
async fn update_notification_preferences(
    State(world): State<World>,
    By(caller): By,
    Body(change): Body<PreferencesChange>,
) -> Answer<Reply<Preferences>> {
    Ok(Reply(rules::change_preferences(&world, &caller, change).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct OfLetter {
    /// As it stands in the link of a letter.
    token: String,
}

/// Show how to get no more letters
///
/// A page with a button: opening it changes nothing, since mail scanners open every link.
#[utoipa::path(get, path = "/v1/notifications/unsubscribe", tag = "notifications",
    operation_id = "show_unsubscribe",
    security(()),
    params(OfLetter),
    responses(
        (status = 200, description = "A page", body = String, content_type = "text/html"),
        (status = 422, description = "Not the token of a letter", body = Problem)))]
async fn show_unsubscribe(
    State(world): State<World>,
    Params(OfLetter { token }): Params<OfLetter>,
) -> Answer<Response> {
    digest::holder(&world.keys, &token)?;
    Ok(page::ask(&token))
}

/// Get no more letters
///
/// What mail programs do at the press of their own button (RFC 8058), and what the page does.
/// The body is not read.
#[utoipa::path(post, path = "/v1/notifications/unsubscribe", tag = "notifications",
    operation_id = "unsubscribe",
    security(()),
    params(OfLetter),
    responses(
        (status = 200, description = "A page that says so", body = String,
            content_type = "text/html"),
        (status = 422, description = "Not the token of a letter", body = Problem)))]
async fn unsubscribe(
    State(world): State<World>,
    Params(OfLetter { token }): Params<OfLetter>,
) -> Answer<Response> {
    let person = digest::holder(&world.keys, &token)?;
    rules::unsubscribe(&world, person).await?;
    Ok(page::done())
}

/// Get a notification
#[utoipa::path(get, path = "/v1/notifications/{id}", tag = "notifications",
    operation_id = "get_notification",
    params(("id" = ThingId, Path, description = "The notification")),
    responses(
        (status = 200, description = "The notification", body = Notification,
            headers(("etag" = String))),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "An API key asks", body = Problem),
        (status = 404, description = "None of the caller's", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn get_notification(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<ThingId>,
) -> Answer<WithEtag<Notification>> {
    let found = rules::get(&world, &caller, id).await?;
    Ok(WithEtag { version: found.version, body: found })
}

/// Delete a notification
///
/// For good, with its thing.
#[utoipa::path(delete, path = "/v1/notifications/{id}", tag = "notifications",
    operation_id = "delete_notification",
    params(("id" = ThingId, Path, description = "The notification")),
    responses(
        (status = 204, description = "Done"),
        (status = 401, description = "Nobody is signed in", body = Problem),
        (status = 403, description = "An API key asks", body = Problem),
        (status = 404, description = "None of the caller's", body = Problem),
        (status = 409, description = "Other things belong to it", body = Problem),
        (status = 422, description = "Not an id", body = Problem)))]
async fn delete_notification(
    State(world): State<World>,
    By(caller): By,
    Path(id): Path<ThingId>,
) -> Answer<StatusCode> {
    rules::delete(&world, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
