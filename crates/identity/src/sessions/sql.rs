//! The statements of sessions. They belong to a user, not to a group, so none carries a group.

use database::{Row, Tx, args};
use types::{PersonId, Result, SessionId, Time, UserId};

use super::model::{Session, Stored};

/// A session to be stored.
pub(super) struct NewRow<'a> {
    pub(super) id: SessionId,
    pub(super) user: UserId,
    pub(super) token_hash: &'a [u8; 32],
    pub(super) refresh_hash: Option<&'a [u8; 32]>,
    pub(super) refresh_expires_at: Option<Time>,
    pub(super) now: Time,
    pub(super) expires_at: Time,
    pub(super) ip_address: Option<&'a str>,
    pub(super) user_agent: Option<&'a str>,
}

pub(super) async fn insert(tx: &mut Tx, row: &NewRow<'_>) -> Result<()> {
    tx.run(
        "insert into sessions (id, user_id, token_hash, refresh_hash, refresh_expires_at, \
         created_at, updated_at, expires_at, ip_address, user_agent) \
         values ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9)",
        args![
            row.id,
            row.user,
            row.token_hash,
            row.refresh_hash,
            row.refresh_expires_at,
            row.now,
            row.expires_at,
            row.ip_address,
            row.user_agent
        ],
    )
    .await?;
    Ok(())
}

const STORED: &str = "select s.id, s.user_id, p.id, s.created_at, s.updated_at, s.expires_at, \
     s.refresh_expires_at from sessions s join people p on p.user_id = s.user_id where ";

fn stored(row: &Row<'_>) -> Result<Stored> {
    Ok(Stored {
        id: row.get(0)?,
        user: row.get(1)?,
        person: row.get(2)?,
        created_at: row.get(3)?,
        updated_at: row.get(4)?,
        expires_at: row.get(5)?,
        refresh_expires_at: row.get(6)?,
    })
}

pub(super) async fn by_token(tx: &mut Tx, hash: &[u8; 32]) -> Result<Option<Stored>> {
    tx.maybe(&format!("{STORED}s.token_hash = $1"), args![hash], stored).await
}

pub(super) async fn by_id(tx: &mut Tx, id: SessionId) -> Result<Option<Stored>> {
    tx.maybe(&format!("{STORED}s.id = $1"), args![id], stored).await
}

pub(super) async fn by_refresh(tx: &mut Tx, hash: &[u8; 32]) -> Result<Option<Stored>> {
    tx.maybe(&format!("{STORED}s.refresh_hash = $1"), args![hash], stored).await
}

pub(super) async fn view(tx: &mut Tx, id: SessionId) -> Result<Option<Session>> {
    tx.maybe(
        "select id, user_id, expires_at, created_at, updated_at, ip_address, user_agent \
         from sessions where id = $1",
        args![id],
        |row| {
            let id: SessionId = row.get(0)?;
            Ok(Session {
                id,
                user_id: row.get(1)?,
                token: id.to_string(),
                expires_at: row.get(2)?,
                created_at: row.get(3)?,
                updated_at: row.get(4)?,
                ip_address: row.get(5)?,
                user_agent: row.get(6)?,
                active_organization_id: None,
            })
        },
    )
    .await
}

pub(super) async fn touch(tx: &mut Tx, id: SessionId, now: Time, expires_at: Time) -> Result<()> {
    tx.run(
        "update sessions set updated_at = $2, expires_at = $3 where id = $1 and expires_at > $2",
        args![id, now, expires_at],
    )
    .await?;
    Ok(())
}

/// Takes a refresh token, exactly once: whoever comes second finds no row.
pub(super) async fn rotate(
    tx: &mut Tx,
    old: &[u8; 32],
    new: &[u8; 32],
    now: Time,
) -> Result<Option<(SessionId, UserId, Option<Time>)>> {
    tx.maybe(
        "update sessions set refresh_hash = $2, updated_at = $3 \
         where refresh_hash = $1 and refresh_expires_at > $3 and expires_at > $3 \
         returning id, user_id, refresh_expires_at",
        args![old, new, now],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
    .await
}

pub(super) async fn spend(tx: &mut Tx, old: &[u8; 32], id: SessionId, now: Time) -> Result<()> {
    tx.run(
        "insert into spent_refresh_tokens (token_hash, session_id, spent_at) values ($1, $2, $3)",
        args![old, id, now],
    )
    .await?;
    Ok(())
}

/// The session whose refresh token this once was.
pub(super) async fn by_spent(tx: &mut Tx, hash: &[u8; 32]) -> Result<Option<SessionId>> {
    tx.maybe(
        "select session_id from spent_refresh_tokens where token_hash = $1",
        args![hash],
        |row| row.get(0),
    )
    .await
}

/// Ends a session; whose it was, if it was still there.
pub(super) async fn delete(tx: &mut Tx, id: SessionId) -> Result<Option<UserId>> {
    tx.maybe("delete from sessions where id = $1 returning user_id", args![id], |row| row.get(0))
        .await
}

/// The person and the personal group of a login.
pub(super) async fn owner(tx: &mut Tx, user: UserId) -> Result<Option<(PersonId, types::GroupId)>> {
    tx.maybe(
        "select id, personal_group_id from people where user_id = $1 \
         and personal_group_id is not null",
        args![user],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

pub(super) async fn delete_expired(tx: &mut Tx, now: Time, limit: i64) -> Result<u64> {
    tx.run(
        "delete from sessions where id in \
         (select id from sessions where expires_at < $1 order by expires_at limit $2)",
        args![now, limit],
    )
    .await
}

pub(super) async fn delete_spent(tx: &mut Tx, before: Time, limit: i64) -> Result<u64> {
    tx.run(
        "delete from spent_refresh_tokens where token_hash in \
         (select token_hash from spent_refresh_tokens where spent_at < $1 limit $2)",
        args![before, limit],
    )
    .await
}

/// Whether a clean-up waits or runs. Jobs belong to the house.
pub(super) async fn is_queued(tx: &mut Tx, kind: &str) -> Result<bool> {
    let found: Option<i64> = tx
        .maybe(
            "select attempts from jobs where kind = $1 and state = 'queued' limit 1",
            args![kind],
            |row| row.get(0),
        )
        .await?;
    Ok(found.is_some())
}
