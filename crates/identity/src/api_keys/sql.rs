//! The statements of API keys.

use database::{Row, Sql, Tx, args};
use kernel::access::Rights;
use types::{ApiKeyId, GroupId, Json, Limit, PersonId, Result, Time};
use uuid::Uuid;

use super::model::{ApiKey, ApiKeySort, ApiKeyStatus, Stored, Terms};

pub(super) async fn insert(tx: &mut Tx, key: &ApiKey, hash: &[u8; 32]) -> Result<()> {
    tx.run(
        "insert into api_keys (id, group_id, creator_id, name, key_start, key_hash, permissions, \
         created_at, updated_at, expires_at, prefix, personal, enabled, metadata, rate_limit_max, \
         rate_limit_window_ms, remaining, refill_amount, refill_interval_ms, request_count) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, \
         $18, 0)",
        args![
            key.id,
            key.group_id,
            key.creator_id,
            &key.name,
            &key.key_start,
            hash,
            &key.permissions,
            key.created_at,
            key.expires_at,
            key.prefix.as_deref(),
            key.personal,
            key.enabled,
            key.metadata.as_ref(),
            key.terms.rate_limit_max,
            key.terms.rate_limit_window_ms,
            key.terms.remaining,
            key.terms.refill_amount,
            key.terms.refill_interval_ms
        ],
    )
    .await?;
    Ok(())
}

/// Writes everything about a key that can change.
pub(super) async fn update(tx: &mut Tx, key: &ApiKey) -> Result<()> {
    tx.run(
        "update api_keys set name = $3, permissions = $4, expires_at = $5, enabled = $6, \
         metadata = $7, rate_limit_max = $8, rate_limit_window_ms = $9, remaining = $10, \
         refill_amount = $11, refill_interval_ms = $12, updated_at = $13 \
         where group_id = $1 and id = $2",
        args![
            key.group_id,
            key.id,
            &key.name,
            &key.permissions,
            key.expires_at,
            key.enabled,
            key.metadata.as_ref(),
            key.terms.rate_limit_max,
            key.terms.rate_limit_window_ms,
            key.terms.remaining,
            key.terms.refill_amount,
            key.terms.refill_interval_ms,
            key.updated_at
        ],
    )
    .await?;
    Ok(())
}

/// Gives a key another text; the one it had is good until `until`.
pub(super) async fn rotate(
    tx: &mut Tx,
    key: &ApiKey,
    hash: &[u8; 32],
    until: Option<Time>,
) -> Result<()> {
    tx.run(
        "update api_keys set old_key_hash = case when $5 = 0 then null else key_hash end, \
         old_key_until = $6, key_hash = $3, key_start = $4, updated_at = $7 \
         where group_id = $1 and id = $2",
        args![
            key.group_id,
            key.id,
            hash,
            &key.key_start,
            i64::from(until.is_some()),
            until,
            key.updated_at
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

const VIEW: &str = "select id, group_id, creator_id, name, permissions, key_start, created_at, \
     expires_at, last_used_at, revoked_at, prefix, personal, enabled, metadata, rate_limit_max, \
     rate_limit_window_ms, remaining, refill_amount, refill_interval_ms, last_refill_at, \
     request_count, old_key_until, updated_at from api_keys where ";

/// A page of a group's keys; those of a person alone only to that person.
pub(super) async fn list(
    tx: &mut Tx,
    group: GroupId,
    viewer: Option<PersonId>,
    sort: ApiKeySort,
    after: Option<Uuid>,
    limit: Limit,
    now: Time,
) -> Result<Vec<ApiKey>> {
    let mut sql = Sql::new(VIEW);
    sql.push("group_id = ").bind(group);
    sql.push(" and (not personal or creator_id = ").bind(viewer).push(")");
    let newest = sort == ApiKeySort::Newest;
    if let Some(after) = after {
        sql.push(if newest { " and id < " } else { " and id > " }).bind(after);
    }
    sql.push(if newest { " order by id desc limit " } else { " order by id limit " });
    sql.bind(limit.probe());
    tx.all(sql.text(), sql.args(), |row| view(row, now)).await
}

/// The keys of a group that nobody revoked: those of one maker alone, or those of the group.
pub(super) async fn standing(
    tx: &mut Tx,
    group: GroupId,
    personal: bool,
    maker: Option<PersonId>,
    most: i64,
    now: Time,
) -> Result<Vec<ApiKey>> {
    let mut sql = Sql::new(VIEW);
    sql.push("revoked_at is null and group_id = ").bind(group);
    sql.push(" and personal = ").bind(personal);
    if let Some(maker) = maker {
        sql.push(" and creator_id = ").bind(maker);
    }
    sql.push(" order by id limit ").bind(most);
    tx.all(sql.text(), sql.args(), |row| view(row, now)).await
}

fn view(row: &Row<'_>, now: Time) -> Result<ApiKey> {
    let (created_at, expires_at): (Time, Option<Time>) = (row.get(6)?, row.get(7)?);
    let (revoked_at, enabled): (Option<Time>, bool) = (row.get(9)?, row.get(12)?);
    let updated_at: Option<Time> = row.get(22)?;
    let old_key_until: Option<Time> = row.get(21)?;
    Ok(ApiKey {
        id: row.get(0)?,
        group_id: row.get(1)?,
        creator_id: row.get(2)?,
        name: row.get(3)?,
        permissions: row.get(4)?,
        key_start: row.get(5)?,
        prefix: row.get(10)?,
        personal: row.get(11)?,
        enabled,
        terms: Terms {
            rate_limit_max: row.get(14)?,
            rate_limit_window_ms: row.get(15)?,
            remaining: row.get(16)?,
            refill_amount: row.get(17)?,
            refill_interval_ms: row.get(18)?,
        },
        last_refill_at: row.get(19)?,
        request_count: row.get(20)?,
        metadata: row.get(13)?,
        created_at,
        updated_at: updated_at.unwrap_or(created_at),
        expires_at,
        last_used_at: row.get(8)?,
        old_key_until: old_key_until.filter(|until| *until > now),
        status: if revoked_at.is_some() {
            ApiKeyStatus::Revoked
        } else if expires_at.is_some_and(|end| end <= now) {
            ApiKeyStatus::Expired
        } else if enabled {
            ApiKeyStatus::Active
        } else {
            ApiKeyStatus::Disabled
        },
    })
}

/// A key by its id. It is looked for in all groups: which one it belongs to decides who may know
/// of it.
pub(super) async fn find(tx: &mut Tx, id: ApiKeyId, now: Time) -> Result<Option<ApiKey>> {
    tx.maybe(&format!("{VIEW}id = $1"), args![id], |row| view(row, now)).await
}

/// The key of a hash, also of the one before its last rotation; whether its maker is banned, who
/// asks finds out. It is looked for in all groups: nothing else is known about the request yet.
pub(crate) async fn by_hash(tx: &mut Tx, hash: &[u8; 32], now: Time) -> Result<Option<Stored>> {
    tx.maybe(
        "select id, group_id, creator_id, permissions, expires_at, last_used_at, revoked_at, \
         enabled, rate_limit_max, rate_limit_window_ms, remaining, \
         case when key_hash = $1 then null else old_key_until end, \
         (select a.ancestor_id from group_ancestors a where a.group_id = api_keys.group_id \
         order by a.depth desc limit 1) from api_keys \
         where key_hash = $1 or (old_key_hash = $1 and old_key_until > $2)",
        args![hash, now],
        |row| {
            let (most, span): (Option<i64>, Option<i64>) = (row.get(8)?, row.get(9)?);
            Ok(Stored {
                id: row.get(0)?,
                group: row.get(1)?,
                creator: row.get(2)?,
                rights: Rights::stored(&row.get::<Json>(3)?),
                expires_at: row.get(4)?,
                last_used_at: row.get(5)?,
                revoked_at: row.get(6)?,
                enabled: row.get(7)?,
                limit: most.zip(span),
                counted: row.get::<Option<i64>>(10)?.is_some(),
                old_until: row.get(11)?,
                tree: row.get(12)?,
            })
        },
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

/// Takes one of the remaining requests, refilling them first when that is due; false when none is
/// left. One statement, so that of many at once exactly as many get one as there are. The group of
/// the key is not known to who calls.
pub(super) async fn spend(tx: &mut Tx, id: ApiKeyId, now: Time) -> Result<bool> {
    const DUE: &str = "(refill_amount is not null and refill_interval_ms is not null and \
         coalesce(last_refill_at, created_at) + refill_interval_ms * 1000 <= $2)";
    let changed = tx
        .run(
            &format!(
                "update api_keys set \
                 remaining = case when {DUE} then refill_amount - 1 else remaining - 1 end, \
                 last_refill_at = case when {DUE} then $2 else last_refill_at end, \
                 request_count = request_count + 1, last_used_at = $2 \
                 where id = $1 and (remaining is null or remaining > 0 or {DUE})"
            ),
            args![id, now],
        )
        .await?;
    Ok(changed == 1)
}

/// Ends the live keys somebody made after a moment, in whatever groups they are.
pub(super) async fn revoke_of(
    tx: &mut Tx,
    person: PersonId,
    since: Time,
    now: Time,
) -> Result<Vec<(ApiKeyId, GroupId)>> {
    tx.all(
        "update api_keys set revoked_at = $3 where creator_id = $1 and created_at > $2 \
         and revoked_at is null returning id, group_id",
        args![person, since, now],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

/// Notes uses, the last of which was at `at`; the key's group is not known to who calls, and
/// nothing is told. Who notes late takes nothing from who noted before.
pub(super) async fn touch(tx: &mut Tx, id: ApiKeyId, times: i64, at: Time) -> Result<()> {
    tx.run(
        "update api_keys set request_count = request_count + $3, \
         last_used_at = case when last_used_at > $2 then last_used_at else $2 end where id = $1",
        args![id, at, times],
    )
    .await?;
    Ok(())
}
