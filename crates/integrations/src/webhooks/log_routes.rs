//! The wires of what was sent.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, Uri};
use types::{DeliveryId, Page, WebhookId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Body, By, Listed, PageParams, Paged, Path, Problems, Reply};

use super::log;
use super::model::{Delivery, DeliveryDetail, DeliveryFilter, Replay, Replayed};
use crate::Integrations;

pub(crate) fn router() -> OpenApiRouter<Integrations> {
    OpenApiRouter::new()
        .routes(routes!(test_webhook))
        .routes(routes!(replay_webhook))
        .routes(routes!(list_deliveries))
        .routes(routes!(get_delivery))
        .routes(routes!(replay_delivery))
}

/// Send a test event
///
/// An event of type `webhook_tested`, whatever types the webhook asks for.
#[utoipa::path(post, path = "/v1/webhooks/{id}/test", tag = "webhooks",
    operation_id = "test_webhook",
    params(("id" = WebhookId, Path, description = "The webhook")),
    responses((status = 202, body = Delivery, description = "It is on its way."), Problems))]
async fn test_webhook(
    State(house): State<Integrations>,
    By(caller): By,
    Path(id): Path<WebhookId>,
) -> Answer<Response> {
    let delivery = log::test(&house, &caller, id).await?;
    Ok((StatusCode::ACCEPTED, Reply(delivery)).into_response())
}

/// Send events once more
///
/// Either deliveries that failed (`since`), or what stands behind a place of the event log
/// (`after`) and was not delivered, 200 events of the log at a time.
#[utoipa::path(post, path = "/v1/webhooks/{id}/replay", tag = "webhooks",
    operation_id = "replay_webhook",
    params(("id" = WebhookId, Path, description = "The webhook")),
    request_body = Replay,
    responses((status = 200, body = Replayed, description = "What is sent."), Problems))]
async fn replay_webhook(
    State(house): State<Integrations>,
    By(caller): By,
    Path(id): Path<WebhookId>,
    Body(asked): Body<Replay>,
) -> Answer<Reply<Replayed>> {
    Ok(Reply(log::replay(&house, &caller, id, asked).await?))
}

/// List what a webhook was sent
///
/// Newest first.
#[utoipa::path(get, path = "/v1/webhooks/{id}/deliveries", tag = "webhooks",
    operation_id = "list_deliveries",
    params(("id" = WebhookId, Path, description = "The webhook"), DeliveryFilter, PageParams),
    responses(
        (status = 200, body = Page<Delivery>, description = "A page of deliveries."), Problems))]
async fn list_deliveries(
    State(house): State<Integrations>,
    By(caller): By,
    Path(id): Path<WebhookId>,
    uri: Uri,
    Paged { filter, limit, cursor }: Paged<DeliveryFilter>,
) -> Answer<Listed<Delivery>> {
    let scope = format!("deliveries {id} {:?} {:?}", filter.state, filter.event_type);
    let after = house.after(&scope, cursor.as_deref())?;
    let rows = log::list(&house, &caller, id, filter, after, limit).await?;
    Ok(house.page(uri, &scope, limit, rows, |one| one.id.0))
}

/// Get a delivery with its requests and answers
#[utoipa::path(get, path = "/v1/webhooks/{id}/deliveries/{deliveryId}", tag = "webhooks",
    operation_id = "get_delivery",
    params(
        ("id" = WebhookId, Path, description = "The webhook"),
        ("deliveryId" = DeliveryId, Path, description = "The delivery")),
    responses((status = 200, body = DeliveryDetail, description = "The delivery."), Problems))]
async fn get_delivery(
    State(house): State<Integrations>,
    By(caller): By,
    Path((webhook, id)): Path<(WebhookId, DeliveryId)>,
) -> Answer<Reply<DeliveryDetail>> {
    Ok(Reply(log::get(&house, &caller, webhook, id).await?))
}

/// Send a delivery once more
///
/// With the same `webhook-id`, whether it was given up or went well; its retries begin anew.
#[utoipa::path(post, path = "/v1/webhooks/{id}/deliveries/{deliveryId}/replay",
    tag = "webhooks", operation_id = "replay_delivery",
    params(
        ("id" = WebhookId, Path, description = "The webhook"),
        ("deliveryId" = DeliveryId, Path, description = "The delivery")),
    responses((status = 202, body = Delivery, description = "It is on its way."), Problems))]
async fn replay_delivery(
    State(house): State<Integrations>,
    By(caller): By,
    Path((webhook, id)): Path<(WebhookId, DeliveryId)>,
) -> Answer<Response> {
    let delivery = log::replay_one(&house, &caller, webhook, id).await?;
    Ok((StatusCode::ACCEPTED, Reply(delivery)).into_response())
}
