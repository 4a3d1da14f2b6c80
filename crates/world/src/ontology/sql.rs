//! The statements about registered types. A type is known in the group that registered it and in
//! every group below, so each one looks along the ancestors of the group it is asked for.

use database::{Tx, args};
use types::{GroupId, Json, Result, Time};

use super::model::Dimension;

/// A type somebody registered.
pub(super) struct Registered {
    pub(super) group: GroupId,
    pub(super) dimension: Dimension,
    pub(super) definition: Json,
}

/// The definition that counts in `group`: the nearest ancestor's.
pub(super) async fn find(
    tx: &mut Tx,
    group: GroupId,
    dimension: Dimension,
    name: &str,
) -> Result<Option<Json>> {
    tx.maybe(
        "select t.definition from group_ancestors a \
         join registered_types t on t.group_id = a.ancestor_id \
         where a.group_id = $1 and t.dimension = $2 and t.name = $3 order by a.depth limit 1",
        args![group, dimension.name(), name],
        |row| row.get(0),
    )
    .await
}

/// Every registered type that counts in `group`, in the order of names; of those with one name,
/// the nearest ancestor's comes first.
pub(super) async fn list(tx: &mut Tx, group: GroupId) -> Result<Vec<Registered>> {
    let rows = tx
        .all(
            "select t.group_id, t.dimension, t.definition from group_ancestors a \
             join registered_types t on t.group_id = a.ancestor_id \
             where a.group_id = $1 order by t.dimension, t.name, a.depth limit 10000",
            args![group],
            |row| {
                let Some(dimension) = Dimension::named(row.text(1)?) else { return Ok(None) };
                Ok(Some(Registered { group: row.get(0)?, dimension, definition: row.get(2)? }))
            },
        )
        .await?;
    Ok(rows.into_iter().flatten().collect())
}

/// How many types the group itself has registered.
pub(super) async fn count(tx: &mut Tx, group: GroupId) -> Result<i64> {
    tx.one("select count(*) from registered_types where group_id = $1", args![group], |row| {
        row.get(0)
    })
    .await
}

/// Stores a definition, in the place of an earlier one with this name.
pub(super) async fn upsert(
    tx: &mut Tx,
    group: GroupId,
    dimension: Dimension,
    name: &str,
    definition: &Json,
    now: Time,
) -> Result<()> {
    tx.run(
        "insert into registered_types (group_id, dimension, name, definition, created_at, \
         updated_at) values ($1, $2, $3, $4, $5, $5) \
         on conflict (group_id, dimension, name) \
         do update set definition = excluded.definition, updated_at = excluded.updated_at",
        args![group, dimension.name(), name, definition, now],
    )
    .await?;
    Ok(())
}
