//! The statements of webhooks.

use database::{Row, Sql, Tx, args};
use types::{GroupId, Json, Limit, PersonId, Result, Time, WebhookId};
use uuid::Uuid;

use super::model::Webhook;

macro_rules! columns {
    () => {
        "o.id, o.group_id, o.owner_id, o.url, o.description, o.event_types, o.filter, \
         o.include_children, o.ordered, o.enabled, o.disabled_reason, o.disabled_at, \
         o.failing_since, o.header_names, o.old_secret_until, o.created_at, o.updated_at, \
         o.secret, o.secret_version, o.old_secret, o.headers"
    };
}

const HEAD: &str = concat!("select ", columns!(), " from webhooks o where o.group_id = ");
const FIND: &str = concat!("select ", columns!(), " from webhooks o where o.id = $1");
const ENABLED: &str = concat!("select ", columns!(), " from webhooks o where o.enabled");

/// A webhook with what it keeps sealed.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) webhook: Webhook,
    pub(super) secret: Vec<u8>,
    pub(super) secret_version: i64,
    pub(super) old_secret: Option<Vec<u8>>,
    pub(super) headers: Option<Vec<u8>>,
}

fn webhook(row: &Row<'_>) -> Result<Webhook> {
    let list = |json: Json| serde_json::from_str(json.as_str()).unwrap_or_default();
    Ok(Webhook {
        id: row.get(0)?,
        group_id: row.get(1)?,
        owner_id: row.get(2)?,
        url: row.get(3)?,
        description: row.get(4)?,
        event_types: list(row.get(5)?),
        filter: row.get(6)?,
        include_children: row.get(7)?,
        ordered: row.get(8)?,
        enabled: row.get(9)?,
        disabled_reason: row.get(10)?,
        disabled_at: row.get(11)?,
        failing_since: row.get(12)?,
        header_names: list(row.get(13)?),
        old_secret_until: row.get(14)?,
        created_at: row.get(15)?,
        updated_at: row.get(16)?,
    })
}

fn stored(row: &Row<'_>) -> Result<Stored> {
    Ok(Stored {
        webhook: webhook(row)?,
        secret: row.get(17)?,
        secret_version: row.get(18)?,
        old_secret: row.get(19)?,
        headers: row.get(20)?,
    })
}

pub(super) async fn insert(tx: &mut Tx, new: &Stored) -> Result<()> {
    let one = &new.webhook;
    let (types, names) = (Json::of(&one.event_types)?, Json::of(&one.header_names)?);
    tx.run(
        "insert into webhooks (id, group_id, owner_id, url, description, event_types, filter, \
         include_children, ordered, enabled, secret, secret_version, headers, header_names, \
         created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)",
        args![
            one.id,
            one.group_id,
            one.owner_id,
            &one.url,
            &one.description,
            &types,
            &one.filter,
            one.include_children,
            one.ordered,
            one.enabled,
            &new.secret,
            new.secret_version,
            new.headers.as_deref(),
            &names,
            one.created_at
        ],
    )
    .await?;
    Ok(())
}

/// Everything but id, group and moment of its making.
pub(super) async fn update(tx: &mut Tx, new: &Stored) -> Result<()> {
    let one = &new.webhook;
    let (types, names) = (Json::of(&one.event_types)?, Json::of(&one.header_names)?);
    tx.run(
        "update webhooks set owner_id = $2, url = $3, description = $4, event_types = $5, \
         filter = $6, include_children = $7, ordered = $8, enabled = $9, disabled_reason = $10, \
         disabled_at = $11, failing_since = $12, headers = $13, header_names = $14, secret = $15, \
         secret_version = $16, old_secret = $17, old_secret_until = $18, updated_at = $19 \
         where id = $1",
        args![
            one.id,
            one.owner_id,
            &one.url,
            &one.description,
            &types,
            &one.filter,
            one.include_children,
            one.ordered,
            one.enabled,
            &one.disabled_reason,
            one.disabled_at,
            one.failing_since,
            new.headers.as_deref(),
            &names,
            &new.secret,
            new.secret_version,
            new.old_secret.as_deref(),
            one.old_secret_until,
            one.updated_at
        ],
    )
    .await?;
    Ok(())
}

/// Looks across groups: whoever asks must check what the caller may do in its group.
pub(super) async fn find(tx: &mut Tx, id: WebhookId) -> Result<Option<Stored>> {
    tx.maybe(FIND, args![id], stored).await
}

pub(super) async fn list(
    tx: &mut Tx,
    group: GroupId,
    after: Option<Uuid>,
    limit: Limit,
) -> Result<Vec<Webhook>> {
    let mut sql = Sql::new(HEAD);
    sql.bind(group);
    if let Some(after) = after {
        sql.push(" and o.id < ").bind(after);
    }
    sql.push(" order by o.id desc limit ").bind(limit.probe());
    tx.all(sql.text(), sql.args(), webhook).await
}

pub(super) async fn count(tx: &mut Tx, group: GroupId) -> Result<i64> {
    tx.one("select count(*) from webhooks where group_id = $1", args![group], |row| row.get(0))
        .await
}

pub(super) async fn delete(tx: &mut Tx, id: WebhookId) -> Result<()> {
    tx.run("delete from webhooks where id = $1", args![id]).await?;
    Ok(())
}

/// Of every group: the house sends for all of them, and asks at each event what its owner may see.
pub(super) async fn enabled(tx: &mut Tx) -> Result<Vec<Webhook>> {
    tx.all(ENABLED, args![], webhook).await
}

/// Tells whoever remembers webhooks to look again.
pub(super) async fn changed(tx: &mut Tx) -> Result<()> {
    tx.run("update webhook_generation set number = number + 1 where id = 1", args![]).await?;
    Ok(())
}

/// Grows with every change of a webhook.
pub(super) async fn generation(tx: &mut Tx) -> Result<i64> {
    tx.one("select number from webhook_generation where id = 1", args![], |row| row.get(0)).await
}

/// Which of these groups are below which of those, themselves included.
pub(super) async fn below(
    tx: &mut Tx,
    groups: &[GroupId],
    roots: &[GroupId],
) -> Result<Vec<(GroupId, GroupId)>> {
    let mut sql = Sql::new("select group_id, ancestor_id from group_ancestors where group_id in ");
    sql.bind_list(groups.iter().copied()).push(" and ancestor_id in ");
    sql.bind_list(roots.iter().copied());
    tx.all(sql.text(), sql.args(), |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// Whether a person is there: rules about the rights of one that is not would have nobody to ask.
pub(super) async fn is_person(tx: &mut Tx, id: PersonId) -> Result<bool> {
    let found = tx.maybe("select 1 from people where id = $1", args![id], |_| Ok(())).await?;
    Ok(found.is_some())
}

/// Since when nothing went well; said only when it changes.
pub(super) async fn set_failing(tx: &mut Tx, id: WebhookId, since: Option<Time>) -> Result<()> {
    tx.run("update webhooks set failing_since = $2 where id = $1", args![id, since]).await?;
    Ok(())
}

/// Removes deliveries to which nothing happened since `before`; how many.
pub(crate) async fn sweep(tx: &mut Tx, before: Time, most: i64) -> Result<u64> {
    tx.run(
        "delete from webhook_deliveries where id in (select id from webhook_deliveries \
         where updated_at < $1 and state <> 'sending' order by updated_at limit $2)",
        args![before, most],
    )
    .await
}

/// Webhooks that have deliveries and are gone: read from webhook to webhook along the log.
pub(crate) async fn dead(tx: &mut Tx) -> Result<Vec<WebhookId>> {
    tx.all(
        "with recursive named (webhook_id) as ( \
         select (select d.webhook_id from webhook_deliveries d order by d.webhook_id limit 1) \
         union all \
         select (select d.webhook_id from webhook_deliveries d \
         where d.webhook_id > named.webhook_id order by d.webhook_id limit 1) \
         from named where named.webhook_id is not null) \
         select named.webhook_id from named where named.webhook_id is not null \
         and not exists (select 1 from webhooks o where o.id = named.webhook_id)",
        args![],
        |row| row.get(0),
    )
    .await
}

/// Removes deliveries of one that is gone; how many.
pub(crate) async fn sweep_dead(tx: &mut Tx, id: WebhookId, most: i64) -> Result<u64> {
    tx.run(
        "delete from webhook_deliveries where id in (select id from webhook_deliveries \
         where webhook_id = $1 limit $2)",
        args![id, most],
    )
    .await
}
