//! The statements about things.

use database::{Row, Sql, Tx, args};
use kernel::access::Scope;
use types::{PersonId, Result, ThingId};

use super::model::{Status, Thing, ThingFilter, Tier, Visibility};
use crate::listing::Slice;

macro_rules! columns {
    () => {
        "o.id, o.group_id, o.parent_id, o.type, o.name, o.properties, o.status, o.owner_id, \
         o.visibility, o.tier, o.version, o.deleted_at, o.created_at, o.updated_at"
    };
}

const HEAD: &str = concat!("select ", columns!(), " from things o where 1 = 1");
const FIND: &str = concat!("select ", columns!(), " from things o where o.id = $1");

fn thing(row: &Row<'_>) -> Result<Thing> {
    Ok(Thing {
        id: row.get(0)?,
        group_id: row.get(1)?,
        parent_id: row.get(2)?,
        kind: row.get(3)?,
        name: row.get(4)?,
        properties: row.get(5)?,
        status: Status::stored(row.text(6)?)?,
        owner_id: row.get(7)?,
        visibility: Visibility::stored(row.text(8)?)?,
        tier: Tier::stored(row.text(9)?)?,
        version: row.get::<i64>(10)?.unsigned_abs(),
        deleted_at: row.get(11)?,
        created_at: row.get(12)?,
        updated_at: row.get(13)?,
    })
}

/// Looks across groups: whoever asks must check what the caller may see of it.
pub(super) async fn find(tx: &mut Tx, id: ThingId) -> Result<Option<Thing>> {
    tx.maybe(FIND, args![id], thing).await
}

pub(super) async fn list(
    tx: &mut Tx,
    scope: &Scope,
    me: Option<PersonId>,
    filter: &ThingFilter,
    slice: Slice,
) -> Result<Vec<Thing>> {
    let sql = scope.list(HEAD, slice.merged(), slice.limit.probe(), me, |sql: &mut Sql<'_>| {
        sql.and_equals("o.type", filter.kind.as_deref())
            .and_equals("o.owner_id", filter.owner_id)
            .and_equals("o.parent_id", filter.parent_id);
        match filter.status {
            Some(status) => sql.and_equals("o.status", Some(status.name())),
            None => sql.push(" and o.deleted_at is null"),
        };
        slice.finish(sql, "o.id");
    });
    tx.all(sql.text(), sql.args(), thing).await
}

/// False when the id is taken.
pub(super) async fn insert(tx: &mut Tx, thing: &Thing) -> Result<bool> {
    let rows = tx
        .run(
        "insert into things (id, group_id, parent_id, type, name, properties, status, owner_id, \
         visibility, tier, version, created_at, updated_at, deleted_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
         on conflict (id) do nothing",
        args![
            thing.id,
            thing.group_id,
            thing.parent_id,
            &thing.kind,
            &thing.name,
            &thing.properties,
            thing.status.name(),
            thing.owner_id,
            thing.visibility.name(),
            thing.tier.name(),
            thing.version.cast_signed(),
            thing.created_at,
            thing.updated_at,
            thing.deleted_at
        ],
    )
    .await?;
    Ok(rows == 1)
}

/// Writes what can change, one version on from `before`; false when somebody was faster.
pub(super) async fn update(tx: &mut Tx, thing: &Thing, before: u64) -> Result<bool> {
    let rows = tx
        .run(
            "update things set parent_id = $3, name = $4, properties = $5, status = $6, \
             visibility = $7, version = $8, updated_at = $9, deleted_at = $10 \
             where id = $1 and version = $2",
            args![
                thing.id,
                before.cast_signed(),
                thing.parent_id,
                &thing.name,
                &thing.properties,
                thing.status.name(),
                thing.visibility.name(),
                thing.version.cast_signed(),
                thing.updated_at,
                thing.deleted_at
            ],
        )
        .await?;
    Ok(rows == 1)
}

pub(super) async fn delete(tx: &mut Tx, id: ThingId) -> Result<()> {
    tx.run("delete from things where id = $1", args![id]).await?;
    Ok(())
}

pub(super) async fn has_children(tx: &mut Tx, id: ThingId) -> Result<bool> {
    let child = tx
        .maybe("select 1 from things where parent_id = $1 limit 1", args![id], |_| Ok(()))
        .await?;
    Ok(child.is_some())
}

/// A thing and what it belongs to, from it upwards; at most `limit` of them.
pub(super) async fn line_of(tx: &mut Tx, id: ThingId, limit: usize) -> Result<Vec<ThingId>> {
    let limit = i64::try_from(limit)?;
    tx.all(
        "with recursive up (id, parent_id, depth) as (\
           select t.id, t.parent_id, 1 from things t where t.id = $1 \
           union all \
           select t.id, t.parent_id, up.depth + 1 from up join things t on t.id = up.parent_id \
           where up.depth < $2) \
         select id from up order by depth",
        args![id, limit],
        |row| row.get(0),
    )
    .await
}
