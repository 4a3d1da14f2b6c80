//! The statements of the queue. The house sends for every group, so none carries one; what may be
//! shown to whom was decided before, and is asked again at each request.

use database::{Sql, Tx, Value, args, seams};
use types::{DeliveryId, EventId, GroupId, PersonId, Result, Time, WebhookId};
use uuid::Uuid;

/// An event that a webhook is to be sent.
#[derive(Debug, Clone)]
pub(super) struct NewDelivery {
    pub(super) id: DeliveryId,
    pub(super) webhook: WebhookId,
    pub(super) event: EventId,
    pub(super) kind: String,
    pub(super) seq: i64,
    /// Until when whoever puts it into the queue sends it at once.
    pub(super) lease: Option<Time>,
}

const INSERT: &str = "insert into webhook_deliveries (id, webhook_id, event_id, event_type, seq, \
     state, attempts, step, due_at, lease_until, created_at, updated_at) values ";
const UNLESS_THERE: &str = " on conflict (webhook_id, event_id) do nothing";
const WIDTH: usize = 12;

/// Puts events into the queue; those that are there already stay as they are.
pub(super) async fn insert(tx: &mut Tx, new: &[NewDelivery], now: Time) -> Result<u64> {
    let rows: Vec<Value<'_>> = new
        .iter()
        .flat_map(|one| {
            let state = if one.lease.is_some() { "sending" } else { "queued" };
            [
                one.id.into(),
                one.webhook.into(),
                one.event.into(),
                one.kind.as_str().into(),
                one.seq.into(),
                state.into(),
                0_i64.into(),
                0_i64.into(),
                now.into(),
                one.lease.into(),
                now.into(),
                now.into(),
            ]
        })
        .collect();
    tx.insert_each(INSERT, UNLESS_THERE, WIDTH, &rows).await
}

/// A webhook of which deliveries wait, and when the first of them is due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) webhook: WebhookId,
    pub(super) group: GroupId,
    pub(super) owner: PersonId,
    pub(super) ordered: bool,
    pub(super) due: Time,
}

/// Some of the queues.
#[derive(Debug)]
pub(super) struct Heads {
    /// Of webhooks that are on.
    pub(super) heads: Vec<Head>,
    /// The last webhook whose queue was looked at; none, where no more come behind these.
    pub(super) last: Option<WebhookId>,
}

/// The heads of so many queues behind that of a webhook, or from the first one: read from webhook
/// to webhook along an index, so that a long queue costs no more than a short one, and all there
/// are no more than these. In order, only the first one that is not done counts, and one being sent
/// is due when its lease ends.
pub(super) async fn heads(tx: &mut Tx, after: Option<WebhookId>, most: i64) -> Result<Heads> {
    let after = after.unwrap_or(WebhookId(Uuid::nil()));
    let rows = tx
        .all(
            "with recursive named (webhook_id, number) as ( \
             select (select d.webhook_id from webhook_deliveries d where d.state = 'queued' \
             and d.webhook_id > $1 order by d.webhook_id limit 1), cast(1 as bigint) \
             union all \
             select (select d.webhook_id from webhook_deliveries d where d.state = 'queued' \
             and d.webhook_id > named.webhook_id order by d.webhook_id limit 1), named.number + 1 \
             from named where named.webhook_id is not null and named.number < $2) \
             select named.webhook_id, o.group_id, o.owner_id, o.ordered, case when o.ordered then \
             (select case when d.state = 'queued' then d.due_at else d.lease_until end \
             from webhook_deliveries d where d.webhook_id = o.id \
             and d.state in ('queued', 'sending') order by d.seq limit 1) \
             else (select min(d.due_at) from webhook_deliveries d where d.webhook_id = o.id \
             and d.state = 'queued') end \
             from named left join webhooks o on o.id = named.webhook_id and o.enabled \
             where named.webhook_id is not null order by named.number",
            args![after, most],
            |row| {
                let webhook: WebhookId = row.get(0)?;
                // Off, or gone.
                let Some(group) = row.get::<Option<GroupId>>(1)? else {
                    return Ok((webhook, None));
                };
                let (owner, ordered, due) = (row.get(2)?, row.get(3)?, row.get(4)?);
                Ok((webhook, Some(Head { webhook, group, owner, ordered, due })))
            },
        )
        .await?;
    let whole = rows.len() == usize::try_from(most)?;
    let last = rows.last().map(|(webhook, _)| *webhook).filter(|_| whole);
    Ok(Heads { heads: rows.into_iter().filter_map(|(_, head)| head).collect(), last })
}

/// When the next lease ends.
pub(super) async fn next_lost(tx: &mut Tx) -> Result<Option<Time>> {
    tx.one(
        "select min(lease_until) from webhook_deliveries where state = 'sending'",
        args![],
        |row| row.get(0),
    )
    .await
}

/// Puts what is being sent back into the queue, where its lease ended by `now`: its sender died.
pub(super) async fn release(tx: &mut Tx, now: Time) -> Result<u64> {
    tx.run(
        "update webhook_deliveries set state = 'queued', lease_until = null, due_at = $1 \
         where state = 'sending' and lease_until <= $1",
        args![now],
    )
    .await
}

/// The same whenever the lease ends: for a store that only this process writes, at its start.
pub(super) async fn release_all(tx: &mut Tx, now: Time) -> Result<u64> {
    tx.run(
        "update webhook_deliveries set state = 'queued', lease_until = null, due_at = $1 \
         where state = 'sending'",
        args![now],
    )
    .await
}

/// Takes what has been due for longest; in order, the first one that is not done, if it is due.
pub(super) async fn claim(
    tx: &mut Tx,
    head: Head,
    now: Time,
    lease: Time,
    most: i64,
) -> Result<Vec<DeliveryId>> {
    let skip = seams::claim::skip_locked(tx);
    let mut sql = Sql::new("update webhook_deliveries set state = 'sending', lease_until = ");
    sql.bind(lease)
        .push(" where id in (select d.id from webhook_deliveries d where d.webhook_id = ");
    sql.bind(head.webhook).push(" and d.state = 'queued' and d.due_at <= ").bind(now);
    if head.ordered {
        sql.push(
            " and d.seq = (select min(f.seq) from webhook_deliveries f where f.webhook_id = \
             d.webhook_id and f.state in ('queued', 'sending'))",
        );
    }
    sql.push(" order by d.due_at, d.id limit ").bind(most).push(skip).push(") returning id");
    tx.all(sql.text(), sql.args(), |row| row.get(0)).await
}

/// A delivery being sent.
#[derive(Debug, Clone)]
pub(super) struct Sending {
    pub(super) webhook: WebhookId,
    pub(super) event: EventId,
    pub(super) attempts: i64,
    pub(super) step: i64,
}

pub(super) async fn sending(tx: &mut Tx, id: DeliveryId) -> Result<Option<Sending>> {
    tx.maybe(
        "select webhook_id, event_id, attempts, step from webhook_deliveries \
         where id = $1 and state = 'sending'",
        args![id],
        |row| {
            Ok(Sending {
                webhook: row.get(0)?,
                event: row.get(1)?,
                attempts: row.get(2)?,
                step: row.get(3)?,
            })
        },
    )
    .await
}

/// How a request ended.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    /// `queued`, `delivered` or `failed`.
    pub(super) state: &'static str,
    pub(super) attempts: i64,
    pub(super) step: i64,
    pub(super) due_at: Time,
    pub(super) status: Option<i64>,
    pub(super) error: Option<&'static str>,
}

/// Only by the request that was made: one whose lease ended has no say when another began.
pub(super) async fn settle(tx: &mut Tx, id: DeliveryId, end: &Outcome, now: Time) -> Result<bool> {
    let done = tx
        .run(
            "update webhook_deliveries set state = $2, attempts = $3, step = $4, due_at = $5, \
             status = $6, error = $7, lease_until = null, updated_at = $8 \
             where id = $1 and state = 'sending'",
            args![id, end.state, end.attempts, end.step, end.due_at, end.status, end.error, now],
        )
        .await?;
    Ok(done == 1)
}

/// Puts it back as it was: its webhook was switched off meanwhile.
pub(super) async fn hold(tx: &mut Tx, id: DeliveryId) -> Result<()> {
    tx.run(
        "update webhook_deliveries set state = 'queued', lease_until = null \
         where id = $1 and state = 'sending'",
        args![id],
    )
    .await?;
    Ok(())
}

pub(super) async fn delete(tx: &mut Tx, id: DeliveryId) -> Result<()> {
    tx.run("delete from webhook_deliveries where id = $1", args![id]).await?;
    Ok(())
}

/// What was sent and what came back.
#[derive(Debug, Clone)]
pub(super) struct NewAttempt {
    pub(super) number: i64,
    pub(super) url: String,
    pub(super) request: String,
    pub(super) status: Option<i64>,
    pub(super) error: Option<&'static str>,
    pub(super) response: Option<String>,
    pub(super) duration_ms: i64,
    pub(super) at: Time,
}

/// Keeps one attempt, and forgets what came `keep` before it.
pub(super) async fn insert_attempt(
    tx: &mut Tx,
    id: DeliveryId,
    new: &NewAttempt,
    keep: i64,
) -> Result<()> {
    tx.run(
        "insert into webhook_attempts (delivery_id, number, url, request, status, error, response, \
         duration_ms, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         on conflict (delivery_id, number) do nothing",
        args![
            id,
            new.number,
            &new.url,
            &new.request,
            new.status,
            new.error,
            &new.response,
            new.duration_ms,
            new.at
        ],
    )
    .await?;
    if new.number > keep {
        tx.run(
            "delete from webhook_attempts where delivery_id = $1 and number <= $2",
            args![id, new.number - keep],
        )
        .await?;
    }
    Ok(())
}
