//! The statements about what was sent. Each carries its webhook, whose group was asked about.

use database::{Row, Sql, Tx, args};
use types::{DeliveryId, EventId, Limit, Result, Time, WebhookId};
use uuid::Uuid;

use super::model::{Delivery, DeliveryAttempt, DeliveryFilter, DeliveryState};

const HEAD: &str = "select o.id, o.webhook_id, o.event_id, o.event_type, o.seq, o.state, \
     o.attempts, o.due_at, o.status, o.error, o.created_at, o.updated_at \
     from webhook_deliveries o where o.webhook_id = ";

fn delivery(row: &Row<'_>, enabled: bool) -> Result<Delivery> {
    let state = DeliveryState::read(row.text(5)?, enabled);
    let due: Time = row.get(7)?;
    Ok(Delivery {
        id: row.get(0)?,
        webhook_id: row.get(1)?,
        event_id: row.get(2)?,
        event_type: row.get(3)?,
        seq: row.get(4)?,
        state,
        attempts: row.get(6)?,
        next_attempt_at: (state == DeliveryState::Queued).then_some(due),
        last_status: row.get(8)?,
        last_error: row.get(9)?,
        created_at: row.get(10)?,
        updated_at: row.get(11)?,
    })
}

pub(super) async fn list(
    tx: &mut Tx,
    (webhook, enabled): (WebhookId, bool),
    filter: &DeliveryFilter,
    after: Option<Uuid>,
    limit: Limit,
) -> Result<Vec<Delivery>> {
    let mut sql = Sql::new(HEAD);
    sql.bind(webhook);
    sql.and_equals("o.state", filter.state.map(DeliveryState::stored));
    sql.and_equals("o.event_type", filter.event_type.as_deref());
    if let Some(after) = after {
        sql.push(" and o.id < ").bind(after);
    }
    sql.push(" order by o.id desc limit ").bind(limit.probe());
    tx.all(sql.text(), sql.args(), |row| delivery(row, enabled)).await
}

pub(super) async fn find(
    tx: &mut Tx,
    (webhook, enabled): (WebhookId, bool),
    id: DeliveryId,
) -> Result<Option<Delivery>> {
    let mut sql = Sql::new(HEAD);
    sql.bind(webhook).push(" and o.id = ").bind(id);
    tx.maybe(sql.text(), sql.args(), |row| delivery(row, enabled)).await
}

pub(super) async fn attempts(tx: &mut Tx, id: DeliveryId) -> Result<Vec<DeliveryAttempt>> {
    tx.all(
        "select number, created_at, url, request, status, error, response, duration_ms \
         from webhook_attempts where delivery_id = $1 order by number desc",
        args![id],
        |row| {
            Ok(DeliveryAttempt {
                number: row.get(0)?,
                at: row.get(1)?,
                url: row.get(2)?,
                request: row.get(3)?,
                status: row.get(4)?,
                error: row.get(5)?,
                response: row.get(6)?,
                duration_ms: row.get(7)?,
            })
        },
    )
    .await
}

/// Begins one anew, unless it is being sent just now.
pub(super) async fn requeue(
    tx: &mut Tx,
    webhook: WebhookId,
    id: DeliveryId,
    now: Time,
) -> Result<bool> {
    let done = tx
        .run(
            "update webhook_deliveries set state = 'queued', step = 0, due_at = $3, \
             updated_at = $3 where webhook_id = $1 and id = $2 and state <> 'sending'",
            args![webhook, id, now],
        )
        .await?;
    Ok(done == 1)
}

/// Begins those anew that failed since a moment, the oldest first; how many.
pub(super) async fn requeue_failed(
    tx: &mut Tx,
    webhook: WebhookId,
    since: Time,
    now: Time,
    most: i64,
) -> Result<u64> {
    tx.run(
        "update webhook_deliveries set state = 'queued', step = 0, due_at = $3, updated_at = $3 \
         where id in (select o.id from webhook_deliveries o where o.webhook_id = $1 \
         and o.state = 'failed' and o.created_at >= $2 order by o.id limit $4)",
        args![webhook, since, now, most],
    )
    .await
}

/// The delivery of an event, if there is one, and its stored state.
pub(super) async fn of_event(
    tx: &mut Tx,
    webhook: WebhookId,
    event: EventId,
) -> Result<Option<(DeliveryId, String)>> {
    tx.maybe(
        "select id, state from webhook_deliveries where webhook_id = $1 and event_id = $2",
        args![webhook, event],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}
