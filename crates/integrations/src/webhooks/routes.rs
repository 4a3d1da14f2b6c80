//! The wires of webhooks.

use axum::extract::State;
use http::{StatusCode, Uri};
use types::{Page, WebhookId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Body, By, Created, Listed, PageParams, Paged, Path, Problems, Reply};

use super::model::{CreatedWebhook, NewWebhook, Webhook, WebhookChange, WebhookFilter};
use super::rules;
use crate::Integrations;

pub(crate) fn router() -> OpenApiRouter<Integrations> {
    OpenApiRouter::new()
        .routes(routes!(create_webhook, list_webhooks))
        .routes(routes!(get_webhook, update_webhook, delete_webhook))
        .routes(routes!(rotate_webhook_secret))
}

/// Make a webhook
///
/// From now on events of the group are posted to its address, signed as Standard Webhooks has it
/// with the secret that is shown this once. For whoever may change the group and read its events;
/// what is sent is what they may see at that time, and nothing that is private to others.
#[utoipa::path(post, path = "/v1/webhooks", tag = "webhooks", operation_id = "create_webhook",
    request_body = NewWebhook,
    responses(
        (status = 201, body = CreatedWebhook, description = "The webhook and its secret.",
         headers(("location" = String, description = "Where the webhook lives."))),
        Problems))]
async fn create_webhook(
    State(house): State<Integrations>,
    By(caller): By,
    Body(new): Body<NewWebhook>,
) -> Answer<Created<CreatedWebhook>> {
    let body = rules::create(&house, &caller, new).await?;
    Ok(Created { location: format!("/v1/webhooks/{}", body.webhook.id), version: None, body })
}

/// List the webhooks of a group
///
/// Newest first, for whoever may change the group.
#[utoipa::path(get, path = "/v1/webhooks", tag = "webhooks", operation_id = "list_webhooks",
    params(WebhookFilter, PageParams),
    responses((status = 200, body = Page<Webhook>, description = "A page of webhooks."), Problems))]
async fn list_webhooks(
    State(house): State<Integrations>,
    By(caller): By,
    uri: Uri,
    Paged { filter, limit, cursor }: Paged<WebhookFilter>,
) -> Answer<Listed<Webhook>> {
    let scope = format!("webhooks {:?}", filter.group_id);
    let after = house.after(&scope, cursor.as_deref())?;
    let rows = rules::list(&house, &caller, &filter, after, limit).await?;
    Ok(house.page(uri, &scope, limit, rows, |one| one.id.0))
}

/// Get a webhook
#[utoipa::path(get, path = "/v1/webhooks/{id}", tag = "webhooks", operation_id = "get_webhook",
    params(("id" = WebhookId, Path, description = "The webhook")),
    responses((status = 200, body = Webhook, description = "The webhook."), Problems))]
async fn get_webhook(
    State(house): State<Integrations>,
    By(caller): By,
    Path(id): Path<WebhookId>,
) -> Answer<Reply<Webhook>> {
    Ok(Reply(rules::get(&house, &caller, id).await?))
}

/// Change a webhook
///
/// A merge patch. From then on it speaks for whoever changed it. Switched on again (`enabled`), what
/// waited meanwhile is sent.
#[utoipa::path(patch, path = "/v1/webhooks/{id}", tag = "webhooks",
    operation_id = "update_webhook",
    params(("id" = WebhookId, Path, description = "The webhook")),
    request_body = WebhookChange,
    responses((status = 200, body = Webhook, description = "As it is now."), Problems))]
async fn update_webhook(
    State(house): State<Integrations>,
    By(caller): By,
    Path(id): Path<WebhookId>,
    Body(change): Body<WebhookChange>,
) -> Answer<Reply<Webhook>> {
    Ok(Reply(rules::update(&house, &caller, id, change).await?))
}

/// End a webhook
///
/// With everything it was still to be sent, and the log of what was.
#[utoipa::path(delete, path = "/v1/webhooks/{id}", tag = "webhooks",
    operation_id = "delete_webhook",
    params(("id" = WebhookId, Path, description = "The webhook")),
    responses((status = 204, description = "It is gone."), Problems))]
async fn delete_webhook(
    State(house): State<Integrations>,
    By(caller): By,
    Path(id): Path<WebhookId>,
) -> Answer<StatusCode> {
    rules::delete(&house, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a webhook a new secret
///
/// For 24 hours requests are signed with both: with the new one, and with the one before it.
#[utoipa::path(post, path = "/v1/webhooks/{id}/rotate", tag = "webhooks",
    operation_id = "rotate_webhook_secret",
    params(("id" = WebhookId, Path, description = "The webhook")),
    responses(
        (status = 200, body = CreatedWebhook, description = "The webhook and its new secret."),
        Problems))]
async fn rotate_webhook_secret(
    State(house): State<Integrations>,
    By(caller): By,
    Path(id): Path<WebhookId>,
) -> Answer<Reply<CreatedWebhook>> {
    Ok(Reply(rules::rotate(&house, &caller, id).await?))
}
