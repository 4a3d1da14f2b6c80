//! The verbs of what is sent: list, get, replay one or many, test.

use kernel::{Caller, Work};
use serde_json::json;
use types::{DeliveryId, Error, Json, Limit, Result, WebhookId};
use uuid::Uuid;
use world::events::rules as events_of;

use super::dispatch::TESTED;
use super::model::{Delivery, DeliveryDetail, DeliveryFilter, Replay, Replayed, Webhook};
use super::queue_sql::{self, NewDelivery};
use super::{log_sql, rules, state, wants};
use crate::Integrations;

/// Deliveries that one call begins anew.
const MOST_FAILED: i64 = 1_000;
/// Events that one call looks at.
const MOST_EVENTS: i64 = 200;

/// The deliveries of a webhook, newest first, and one more row when another page follows.
///
/// # Errors
/// 401, 403, 404 by policy.
pub(super) async fn list(
    house: &Integrations,
    caller: &Caller,
    id: WebhookId,
    filter: DeliveryFilter,
    after: Option<Uuid>,
    limit: Limit,
) -> Result<Vec<Delivery>> {
    let caller = caller.clone();
    house
        .store(&caller)
        .read(async move |tx| {
            let webhook = rules::managed(tx, &caller, id).await?.webhook;
            log_sql::list(tx, (id, webhook.enabled), &filter, after, limit).await
        })
        .await
}

/// One delivery with its last requests.
///
/// # Errors
/// As [`list`].
pub(super) async fn get(
    house: &Integrations,
    caller: &Caller,
    webhook: WebhookId,
    id: DeliveryId,
) -> Result<DeliveryDetail> {
    let caller = caller.clone();
    house
        .store(&caller)
        .read(async move |tx| {
            let owner = rules::managed(tx, &caller, webhook).await?.webhook;
            let found = log_sql::find(tx, (webhook, owner.enabled), id).await?;
            let delivery = found.ok_or_else(Error::not_found)?;
            Ok(DeliveryDetail { delivery, requests: log_sql::attempts(tx, id).await? })
        })
        .await
}

/// Sends one delivery once more, with the same id.
///
/// # Errors
/// 401, 403, 404 by policy; 409 in an archived group, or when it is being sent just now.
pub(super) async fn replay_one(
    house: &Integrations,
    caller: &Caller,
    webhook: WebhookId,
    id: DeliveryId,
) -> Result<Delivery> {
    rules::person(caller)?;
    house
        .change(caller, async move |work| {
            let owner = rules::managed_to_change(work, webhook).await?.webhook;
            let now = work.now;
            let place = (webhook, owner.enabled);
            log_sql::find(work.tx, place, id).await?.ok_or_else(Error::not_found)?;
            if !log_sql::requeue(work.tx, webhook, id, now).await? {
                let message = "A request of this delivery is under way; wait for its end.";
                return Err(Error::conflict("delivery_under_way", message));
            }
            tell(work, &owner, "webhook_replayed", &json!({ "deliveries": 1 })).await?;
            log_sql::find(work.tx, place, id).await?.ok_or_else(Error::not_found)
        })
        .await
}

/// Sends many deliveries once more.
///
/// # Errors
/// As [`replay_one`]; 422 unless one of `since` and `after` is given.
pub(super) async fn replay(
    house: &Integrations,
    caller: &Caller,
    id: WebhookId,
    asked: Replay,
) -> Result<Replayed> {
    rules::person(caller)?;
    if asked.since.is_some() == asked.after.is_some() || asked.after.is_some_and(|seq| seq < 0) {
        let message = "give either `since` (a time) or `after` (a `seq` of the log, 0 or more).";
        return Err(Error::invalid("/since", "contradiction", message));
    }
    house
        .change(caller, async move |work| {
            let webhook = rules::managed_to_change(work, id).await?.webhook;
            let replayed = match (asked.since, asked.after) {
                (Some(since), _) => {
                    let now = work.now;
                    let queued =
                        log_sql::requeue_failed(work.tx, id, since, now, MOST_FAILED).await?;
                    let queued = i64::try_from(queued).unwrap_or(i64::MAX);
                    Replayed { queued, has_more: queued >= MOST_FAILED, next_after: None }
                }
                (None, after) => behind(work, &webhook, after.unwrap_or(0)).await?,
            };
            let said = json!({ "deliveries": replayed.queued });
            tell(work, &webhook, "webhook_replayed", &said).await?;
            Ok(replayed)
        })
        .await
}

/// What the log has behind a place for a webhook and was not delivered.
async fn behind(work: &mut Work<'_>, webhook: &Webhook, after: i64) -> Result<Replayed> {
    let found =
        events_of::behind(work.tx, webhook.group_id, webhook.include_children, after, MOST_EVENTS)
            .await?;
    let mut replayed = Replayed {
        queued: 0,
        has_more: i64::try_from(found.len()).unwrap_or(0) >= MOST_EVENTS,
        next_after: Some(found.last().map_or(after, |last| last.1)),
    };
    let filter = webhook.filter.as_deref().map(wants::filter).transpose()?;
    let Some(owner) = state::speaker(work.tx, webhook.owner_id, "webhooks").await? else {
        return Ok(replayed);
    };
    if !state::may_send(work.tx, &owner, webhook).await? {
        return Ok(replayed);
    }
    let (now, engine) = (work.now, work.app().db.engine());
    let given = filter::Given { me: Some(webhook.owner_id), now, engine };
    for (id, _) in found {
        let event = match events_of::shown(work.tx, &owner, id).await {
            Ok(event) => event,
            Err(error) => {
                state::absent(error)?;
                continue;
            }
        };
        if event.kind == TESTED || !wants::wants(webhook, filter.as_ref(), &event, given) {
            continue;
        }
        let begun = match log_sql::of_event(work.tx, webhook.id, id).await? {
            Some((delivery, state)) if state == "failed" => {
                log_sql::requeue(work.tx, webhook.id, delivery, now).await?
            }
            Some(_) => false,
            None => {
                let delivery = NewDelivery {
                    id: DeliveryId(work.id()),
                    webhook: webhook.id,
                    event: id,
                    kind: event.kind,
                    seq: event.seq,
                    lease: None,
                };
                queue_sql::insert(work.tx, &[delivery], now).await? == 1
            }
        };
        replayed.queued += i64::from(begun);
    }
    Ok(replayed)
}

/// Sends an event of type `webhook_tested`, whatever the webhook asks for.
///
/// # Errors
/// As [`replay_one`]; 409 when the webhook is off.
pub(super) async fn test(house: &Integrations, caller: &Caller, id: WebhookId) -> Result<Delivery> {
    rules::person(caller)?;
    house
        .change(caller, async move |work| {
            let webhook = rules::managed_to_change(work, id).await?.webhook;
            if !webhook.enabled {
                let message = "This webhook is off; switch it on first.";
                return Err(Error::conflict("webhook_off", message));
            }
            let event = tell(work, &webhook, TESTED, &json!({ "webhookId": id })).await?;
            let delivery = DeliveryId(work.id());
            let seq = events_of::seq_of(work.tx, event).await?;
            let new = NewDelivery {
                id: delivery,
                webhook: id,
                event,
                kind: TESTED.to_owned(),
                seq,
                lease: None,
            };
            let now = work.now;
            queue_sql::insert(work.tx, &[new], now).await?;
            log_sql::find(work.tx, (id, true), delivery).await?.ok_or_else(Error::not_found)
        })
        .await
}

/// Records what was asked for, and wakes the sender after the commit.
async fn tell(
    work: &mut Work<'_>,
    webhook: &Webhook,
    kind: &'static str,
    metadata: &serde_json::Value,
) -> Result<types::EventId> {
    let metadata = Json::of(metadata)?;
    let event =
        kernel::events::NewEvent::new(webhook.group_id, kind, Some(webhook.id.into()), &metadata);
    let id = work.record(event).await?;
    work.after_commit(|app| app.hub.wake_workers());
    Ok(id)
}
