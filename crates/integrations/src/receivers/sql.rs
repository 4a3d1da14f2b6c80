//! The statements of receivers.

use std::collections::BTreeMap;

use database::{Row, Sql, Tx, args};
use types::{GroupId, Json, Limit, ReceiverId, Result, Time};
use uuid::Uuid;

use super::model::{Intake, Receiver, Signature};

const HEAD: &str = "select o.id, o.group_id, o.owner_id, o.name, o.signature, o.event_type, \
     o.fields, o.enabled, o.disabled_reason, o.created_at, o.updated_at, o.secret, \
     o.secret_version, o.thing_type from receivers o where ";

/// A receiver with what it keeps sealed.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) receiver: Receiver,
    pub(super) secret: Vec<u8>,
    pub(super) secret_version: i64,
}

fn receiver(row: &Row<'_>) -> Result<Receiver> {
    let id: ReceiverId = row.get(0)?;
    let fields: Option<Json> = row.get(6)?;
    Ok(Receiver {
        id,
        path: format!("/v1/receivers/{id}/in"),
        group_id: row.get(1)?,
        owner_id: row.get(2)?,
        name: row.get(3)?,
        signature: Signature::read(row.text(4)?),
        event_type: row.get(5)?,
        thing_type: row.get(13)?,
        fields: fields.map(|json| serde_json::from_str(json.as_str()).unwrap_or_default()),
        enabled: row.get(7)?,
        disabled_reason: row.get(8)?,
        created_at: row.get(9)?,
        updated_at: row.get(10)?,
    })
}

fn stored(row: &Row<'_>) -> Result<Stored> {
    Ok(Stored { receiver: receiver(row)?, secret: row.get(11)?, secret_version: row.get(12)? })
}

fn fields(one: &Receiver) -> Result<Option<Json>> {
    Ok(one.fields.as_ref().map(Json::of::<BTreeMap<String, String>>).transpose()?)
}

pub(super) async fn insert(tx: &mut Tx, new: &Stored) -> Result<()> {
    let one = &new.receiver;
    tx.run(
        "insert into receivers (id, group_id, owner_id, name, signature, secret, secret_version, \
         event_type, thing_type, fields, enabled, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)",
        args![
            one.id,
            one.group_id,
            one.owner_id,
            &one.name,
            one.signature.name(),
            &new.secret,
            new.secret_version,
            &one.event_type,
            &one.thing_type,
            &fields(one)?,
            one.enabled,
            one.created_at
        ],
    )
    .await?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, new: &Stored) -> Result<()> {
    let one = &new.receiver;
    tx.run(
        "update receivers set owner_id = $2, name = $3, secret = $4, secret_version = $5, \
         event_type = $6, thing_type = $7, fields = $8, enabled = $9, disabled_reason = $10, \
         updated_at = $11 \
         where id = $1",
        args![
            one.id,
            one.owner_id,
            &one.name,
            &new.secret,
            new.secret_version,
            &one.event_type,
            &one.thing_type,
            &fields(one)?,
            one.enabled,
            &one.disabled_reason,
            one.updated_at
        ],
    )
    .await?;
    Ok(())
}

/// Looks across groups: whoever asks must check what the caller may do in its group, or that a call
/// is signed.
pub(super) async fn find(tx: &mut Tx, id: ReceiverId) -> Result<Option<Stored>> {
    let mut sql = Sql::new(HEAD);
    sql.push("o.id = ").bind(id);
    tx.maybe(sql.text(), sql.args(), stored).await
}

pub(super) async fn list(
    tx: &mut Tx,
    group: GroupId,
    after: Option<Uuid>,
    limit: Limit,
) -> Result<Vec<Receiver>> {
    let mut sql = Sql::new(HEAD);
    sql.push("o.group_id = ").bind(group);
    if let Some(after) = after {
        sql.push(" and o.id < ").bind(after);
    }
    sql.push(" order by o.id desc limit ").bind(limit.probe());
    tx.all(sql.text(), sql.args(), receiver).await
}

pub(super) async fn count(tx: &mut Tx, group: GroupId) -> Result<i64> {
    tx.one("select count(*) from receivers where group_id = $1", args![group], |row| row.get(0))
        .await
}

pub(super) async fn delete(tx: &mut Tx, id: ReceiverId) -> Result<()> {
    tx.run("delete from receivers where id = $1", args![id]).await?;
    Ok(())
}

/// What a message became before.
pub(super) async fn known(
    tx: &mut Tx,
    id: ReceiverId,
    message: &[u8; 32],
    now: Time,
) -> Result<Option<Intake>> {
    tx.maybe(
        "select event_id, job_id from receiver_messages where receiver_id = $1 and message = $2 \
         and expires_at > $3",
        args![id, message, now],
        |row| Ok(Intake { event_id: row.get(0)?, job_id: row.get(1)?, duplicate: true }),
    )
    .await
}

/// Remembers a message; one that was forgotten is remembered anew.
pub(super) async fn remember(
    tx: &mut Tx,
    id: ReceiverId,
    message: &[u8; 32],
    became: &Intake,
    until: Time,
) -> Result<()> {
    tx.run(
        "insert into receiver_messages (receiver_id, message, event_id, job_id, expires_at) \
         values ($1, $2, $3, $4, $5) on conflict (receiver_id, message) \
         do update set event_id = $3, job_id = $4, expires_at = $5",
        args![id, message, became.event_id, became.job_id, until],
    )
    .await?;
    Ok(())
}

/// Forgets messages that can no longer come in again; how many.
pub(crate) async fn sweep(tx: &mut Tx, now: Time, most: i64) -> Result<u64> {
    tx.run(
        "delete from receiver_messages where (receiver_id, message) in \
         (select receiver_id, message from receiver_messages where expires_at <= $1 \
         order by expires_at limit $2)",
        args![now, most],
    )
    .await
}
