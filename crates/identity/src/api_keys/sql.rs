//! The statements of API keys.

use database::{Row, Sql, Tx, args};
use kernel::access::Rights;
use types::{ApiKeyId, GroupId, Json, Limit, Result, Time};
use uuid::Uuid;

use super::model::{ApiKey, ApiKeySort, ApiKeyStatus, Stored};

pub(super) async fn insert(tx: &mut Tx, key: &ApiKey, hash: &[u8; 32]) -> Result<()> {
    tx.run(
        "insert into api_keys (id, group_id, creator_id, name, key_start, key_hash, permissions, \
         created_at, expires_at, last_used_at, revoked_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, null, null)",
        args![
            key.id,
            key.group_id,
            key.creator_id,
            &key.name,
            &key.key_start,
            hash,
            &key.permissions,
            key.created_at,
            key.expires_at
        ],
    )
    .await?;
    Ok(())
}

pub(super) async fn count_live(tx: &mut Tx, group: GroupId, now: Time) -> Result<i64> {
    tx.one(
        "select count(*) from api_keys where group_id = $1 and revoked_at is null \
         and (expires_at is null or expires_at > $2)",
        args![group, now],
        |row| row.get(0),
    )
    .await
}

pub(super) async fn list(
    tx: &mut Tx,
    group: GroupId,
    sort: ApiKeySort,
    after: Option<Uuid>,
    limit: Limit,
    now: Time,
) -> Result<Vec<ApiKey>> {
    let mut sql = Sql::new(
        "select id, group_id, creator_id, name, permissions, key_start, created_at, expires_at, \
         last_used_at, revoked_at from api_keys where group_id = ",
    );
    sql.bind(group);
    let newest = sort == ApiKeySort::Newest;
    if let Some(after) = after {
        sql.push(if newest { " and id < " } else { " and id > " }).bind(after);
    }
    sql.push(if newest { " order by id desc limit " } else { " order by id limit " });
    sql.bind(limit.probe());
    tx.all(sql.text(), sql.args(), |row| view(row, now)).await
}

fn view(row: &Row<'_>, now: Time) -> Result<ApiKey> {
    let expires_at: Option<Time> = row.get(7)?;
    let revoked_at: Option<Time> = row.get(9)?;
    let permissions: Json = row.get(4)?;
    Ok(ApiKey {
        id: row.get(0)?,
        group_id: row.get(1)?,
        creator_id: row.get(2)?,
        name: row.get(3)?,
        permissions,
        key_start: row.get(5)?,
        created_at: row.get(6)?,
        expires_at,
        last_used_at: row.get(8)?,
        status: if revoked_at.is_some() {
            ApiKeyStatus::Revoked
        } else if expires_at.is_some_and(|end| end <= now) {
            ApiKeyStatus::Expired
        } else {
            ApiKeyStatus::Active
        },
    })
}

/// The key of a hash. It is looked for in all groups: nothing else is known about the request
/// yet.
pub(crate) async fn by_hash(tx: &mut Tx, hash: &[u8; 32]) -> Result<Option<Stored>> {
    tx.maybe(
        "select id, group_id, creator_id, permissions, expires_at, last_used_at, revoked_at \
         from api_keys where key_hash = $1",
        args![hash],
        |row| {
            Ok(Stored {
                id: row.get(0)?,
                group: row.get(1)?,
                creator: row.get(2)?,
                rights: Rights::stored(&row.get::<Json>(3)?),
                expires_at: row.get(4)?,
                last_used_at: row.get(5)?,
                revoked_at: row.get(6)?,
            })
        },
    )
    .await
}

/// Group, name, permissions and end of a key. It is looked for in all groups: which one it
/// belongs to decides who may know of it.
pub(super) async fn find(
    tx: &mut Tx,
    id: ApiKeyId,
) -> Result<Option<(GroupId, String, Json, Option<Time>)>> {
    tx.maybe(
        "select group_id, name, permissions, revoked_at from api_keys where id = $1",
        args![id],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )
    .await
}

pub(super) async fn revoke(tx: &mut Tx, group: GroupId, id: ApiKeyId, now: Time) -> Result<bool> {
    let changed = tx
        .run(
            "update api_keys set revoked_at = $3 \
             where group_id = $1 and id = $2 and revoked_at is null",
            args![group, id, now],
        )
        .await?;
    Ok(changed == 1)
}

/// Notes a use; its group is not known to who calls, and nothing is told.
pub(crate) async fn touch(tx: &mut Tx, id: ApiKeyId, now: Time) -> Result<()> {
    tx.run(
        "update api_keys set last_used_at = $2 \
         where id = $1 and (last_used_at is null or last_used_at < $2)",
        args![id, now],
    )
    .await?;
    Ok(())
}
