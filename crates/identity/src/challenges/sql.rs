//! The statements of challenges. They belong to a login or to nobody yet, so none carries a group.

use database::{Row, Tx, args};
use types::{Json, Result, Time, UserId};
use uuid::Uuid;

use super::model::Taken;

/// A challenge to be stored.
pub(super) struct NewRow<'a> {
    pub(super) id: Uuid,
    pub(super) purpose: &'static str,
    pub(super) token_hash: &'a [u8; 32],
    pub(super) user: Option<UserId>,
    pub(super) payload: &'a Json,
    pub(super) now: Time,
    pub(super) expires_at: Time,
}

pub(super) async fn insert(tx: &mut Tx, row: &NewRow<'_>) -> Result<()> {
    tx.run(
        "insert into challenges (id, purpose, token_hash, user_id, payload, attempts, created_at, \
         expires_at) values ($1, $2, $3, $4, $5, 0, $6, $7)",
        args![row.id, row.purpose, row.token_hash, row.user, row.payload, row.now, row.expires_at],
    )
    .await?;
    Ok(())
}

/// Stores a challenge unless its token is there.
pub(super) async fn insert_once(tx: &mut Tx, row: &NewRow<'_>) -> Result<bool> {
    let made = tx
        .run(
            "insert into challenges (id, purpose, token_hash, user_id, payload, attempts, \
             created_at, expires_at) values ($1, $2, $3, $4, $5, 0, $6, $7) \
             on conflict (token_hash) do nothing",
            args![
                row.id,
                row.purpose,
                row.token_hash,
                row.user,
                row.payload,
                row.now,
                row.expires_at
            ],
        )
        .await?;
    Ok(made == 1)
}

fn taken(row: &Row<'_>) -> Result<(Taken, Time)> {
    let taken = Taken { user: row.get(0)?, payload: row.get(1)?, created_at: row.get(2)? };
    Ok((taken, row.get(3)?))
}

/// One statement, so exactly one caller gets the row.
pub(super) async fn take(tx: &mut Tx, hash: &[u8; 32]) -> Result<Option<(Taken, Time)>> {
    tx.maybe(
        "delete from challenges where token_hash = $1 \
         returning user_id, payload, created_at, expires_at",
        args![hash],
        taken,
    )
    .await
}

pub(super) async fn find(tx: &mut Tx, hash: &[u8; 32]) -> Result<Option<(Taken, Time)>> {
    tx.maybe(
        "select user_id, payload, created_at, expires_at from challenges where token_hash = $1",
        args![hash],
        taken,
    )
    .await
}

pub(super) async fn delete_of(tx: &mut Tx, purpose: &str, user: UserId) -> Result<()> {
    tx.run("delete from challenges where user_id = $1 and purpose = $2", args![user, purpose])
        .await?;
    Ok(())
}

pub(super) async fn delete_since(
    tx: &mut Tx,
    purpose: &str,
    user: UserId,
    moment: Time,
) -> Result<()> {
    tx.run(
        "delete from challenges where user_id = $1 and purpose = $2 and created_at > $3",
        args![user, purpose, moment],
    )
    .await?;
    Ok(())
}

pub(super) async fn count_try(
    tx: &mut Tx,
    purpose: &str,
    user: UserId,
    now: Time,
) -> Result<Option<i64>> {
    tx.maybe(
        "update challenges set attempts = attempts + 1 \
         where user_id = $1 and purpose = $2 and expires_at > $3 returning attempts",
        args![user, purpose, now],
        |row| row.get(0),
    )
    .await
}

pub(super) async fn has_live(tx: &mut Tx, purpose: &str, user: UserId, now: Time) -> Result<bool> {
    let found: Option<Time> = tx
        .maybe(
            "select expires_at from challenges \
             where user_id = $1 and purpose = $2 and expires_at > $3 limit 1",
            args![user, purpose, now],
            |row| row.get(0),
        )
        .await?;
    Ok(found.is_some())
}

pub(crate) async fn delete_expired(tx: &mut Tx, now: Time, limit: i64) -> Result<u64> {
    tx.run(
        "delete from challenges where id in \
         (select id from challenges where expires_at < $1 order by expires_at limit $2)",
        args![now, limit],
    )
    .await
}
