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
    pub(super) method: &'static str,
    pub(super) remember: bool,
    pub(super) impersonator: Option<PersonId>,
}

pub(super) async fn insert(tx: &mut Tx, row: &NewRow<'_>) -> Result<()> {
    tx.run(
        "insert into sessions (id, user_id, token_hash, refresh_hash, refresh_expires_at, \
         created_at, updated_at, expires_at, ip_address, user_agent, authenticated_at, method, \
         remember, impersonator_id) \
         values ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $6, $10, $11, $12)",
        args![
            row.id,
            row.user,
            row.token_hash,
            row.refresh_hash,
            row.refresh_expires_at,
            row.now,
            row.expires_at,
            row.ip_address,
            row.user_agent,
            row.method,
            row.remember,
            row.impersonator
        ],
    )
    .await?;
    Ok(())
}

const STORED: &str = "select s.id, s.user_id, p.id, s.created_at, s.updated_at, s.expires_at, \
     s.refresh_expires_at, s.authenticated_at, s.impersonator_id from sessions s join people p on p.user_id = s.user_id where ";

fn stored(row: &Row<'_>) -> Result<Stored> {
    Ok(Stored {
        id: row.get(0)?,
        user: row.get(1)?,
        person: row.get(2)?,
        created_at: row.get(3)?,
        updated_at: row.get(4)?,
        expires_at: row.get(5)?,
        refresh_expires_at: row.get(6)?,
        authenticated_at: row.get(7)?,
        impersonator: row.get(8)?,
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

/// What was made active counts as long as its owner belongs to it.
const VIEW: &str = "select s.id, s.user_id, s.expires_at, s.created_at, s.updated_at, \
     s.ip_address, s.user_agent, o.id, t.id, s.impersonator_id, s.method from sessions s \
     left join people p on p.user_id = s.user_id \
     left join memberships m on m.group_id = s.active_group_id and m.person_id = p.id \
     and m.status = 'active' \
     left join groups o on o.id = m.group_id and o.status = 'active' \
     left join memberships n on n.group_id = s.active_team_id and n.person_id = p.id \
     and n.status = 'active' \
     left join groups t on t.id = n.group_id and t.status = 'active' and t.parent_id = o.id where ";

fn session(row: &Row<'_>) -> Result<Session> {
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
        active_organization_id: row.get(7)?,
        active_team_id: row.get(8)?,
        impersonated_by: row.get(9)?,
        method: row.get(10)?,
    })
}

/// A session, as its owner sees it.
pub(crate) async fn view(tx: &mut Tx, id: SessionId) -> Result<Option<Session>> {
    tx.maybe(&format!("{VIEW}s.id = $1"), args![id], session).await
}

/// The live sessions of a user, the last used first.
pub(super) async fn list(tx: &mut Tx, user: UserId, now: Time, most: i64) -> Result<Vec<Session>> {
    tx.all(
        &format!(
            "{VIEW}s.user_id = $1 and s.expires_at > $2 \
             order by s.updated_at desc, s.id desc limit $3"
        ),
        args![user, now, most],
        session,
    )
    .await
}

/// Ends the sessions of a user that were not used for longest, so that `keep` are left.
pub(super) async fn delete_beyond(tx: &mut Tx, user: UserId, keep: i64) -> Result<u64> {
    tx.run(
        "delete from sessions where id in (select id from sessions where user_id = $1 \
         order by updated_at desc, id desc limit 1000 offset $2)",
        args![user, keep],
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

/// Replaces the token of a session, unless it has a pair, and says that its owner proved who they
/// are; whether browsers keep it, whether it has a pair, and whose it is.
pub(super) async fn renew(
    tx: &mut Tx,
    id: SessionId,
    hash: &[u8; 32],
    now: Time,
) -> Result<Option<(bool, bool, UserId)>> {
    tx.maybe(
        "update sessions set authenticated_at = $3, updated_at = $3, \
         token_hash = case when refresh_hash is null then $2 else token_hash end \
         where id = $1 and expires_at > $3 returning remember, refresh_hash is not null, user_id",
        args![id, hash, now],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
    .await
}

/// The session of a refresh token that was exchanged.
pub(super) struct Rotated {
    pub(super) id: SessionId,
    pub(super) user: UserId,
    pub(super) began_at: Time,
    pub(super) refresh_expires_at: Option<Time>,
}

/// Takes a refresh token, exactly once: whoever comes second finds no row.
pub(super) async fn rotate(
    tx: &mut Tx,
    old: &[u8; 32],
    new: &[u8; 32],
    now: Time,
) -> Result<Option<Rotated>> {
    tx.maybe(
        "update sessions set refresh_hash = $2, updated_at = $3 \
         where refresh_hash = $1 and refresh_expires_at > $3 and expires_at > $3 \
         returning id, user_id, created_at, refresh_expires_at",
        args![old, new, now],
        |row| {
            Ok(Rotated {
                id: row.get(0)?,
                user: row.get(1)?,
                began_at: row.get(2)?,
                refresh_expires_at: row.get(3)?,
            })
        },
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

/// Ends every session of a login but one; how many there were.
pub(super) async fn delete_of(tx: &mut Tx, user: UserId, except: Option<SessionId>) -> Result<u64> {
    tx.run(
        "delete from sessions where user_id = $1 and id is distinct from $2",
        args![user, except],
    )
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
