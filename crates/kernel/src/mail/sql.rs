//! The statements of waiting letters. They belong to the house, not to a group.

use database::{Tx, args};
use types::{Result, Time};
use uuid::Uuid;

pub(super) async fn insert(
    tx: &mut Tx,
    id: Uuid,
    kind: &str,
    sealed: &Vec<u8>,
    now: Time,
) -> Result<()> {
    tx.run(
        "insert into mails (id, kind, sealed, created_at) values ($1, $2, $3, $4)",
        args![id, kind, sealed, now],
    )
    .await?;
    Ok(())
}

pub(super) async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<(Vec<u8>, Time)>> {
    tx.maybe("select sealed, created_at from mails where id = $1", args![id], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
    .await
}

/// Letters that wait, by id.
pub(super) async fn waiting(tx: &mut Tx, after: Uuid, limit: i64) -> Result<Vec<(Uuid, Vec<u8>)>> {
    tx.all(
        "select id, sealed from mails where id > $1 order by id limit $2",
        args![after, limit],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

pub(super) async fn delete(tx: &mut Tx, id: Uuid) -> Result<()> {
    tx.run("delete from mails where id = $1", args![id]).await?;
    Ok(())
}

pub(super) async fn delete_before(tx: &mut Tx, moment: Time) -> Result<()> {
    tx.run("delete from mails where created_at < $1", args![moment]).await?;
    Ok(())
}
