//! The shape of the tenant tree, read from `group_ancestors`: every group with each group above
//! it, itself at depth 0. These answer about any group; whoever asks has decided on access.

use database::{Tx, args};
use types::{Error, GroupId, Result};

/// The group at the top of the tree that `group` is in; itself, if it is at the top.
///
/// # Errors
/// 404 when there is no such group.
pub async fn root(tx: &mut Tx, group: GroupId) -> Result<GroupId> {
    tx.maybe(
        "select ancestor_id from group_ancestors where group_id = $1 order by depth desc limit 1",
        args![group],
        |row| row.get(0),
    )
    .await?
    .ok_or_else(Error::not_found)
}

/// Whether `group` is somewhere below `ancestor`; nothing is below itself.
///
/// # Errors
/// As [`Tx::maybe`].
pub(super) async fn is_descendant_of(
    tx: &mut Tx,
    group: GroupId,
    ancestor: GroupId,
) -> Result<bool> {
    let found = tx
        .maybe(
            "select group_id from group_ancestors \
             where group_id = $1 and ancestor_id = $2 and depth > 0",
            args![group, ancestor],
            |_| Ok(()),
        )
        .await?;
    Ok(found.is_some())
}

/// Whether both groups have the same root.
///
/// # Errors
/// As [`Tx::maybe`].
pub async fn same_tree(tx: &mut Tx, one: GroupId, other: GroupId) -> Result<bool> {
    if one == other {
        return Ok(true);
    }
    // In a forest, two nodes share a root exactly when they share any ancestor.
    let shared = tx
        .maybe(
            "select a.ancestor_id from group_ancestors a \
             join group_ancestors b on b.ancestor_id = a.ancestor_id \
             where a.group_id = $1 and b.group_id = $2 limit 1",
            args![one, other],
            |_| Ok(()),
        )
        .await?;
    Ok(shared.is_some())
}

/// Writes the ancestors of a group that was just inserted: itself and its parent's.
pub(super) async fn plant(tx: &mut Tx, group: GroupId, parent: Option<GroupId>) -> Result<()> {
    tx.run(
        "insert into group_ancestors (group_id, ancestor_id, depth) values ($1, $1, 0)",
        args![group],
    )
    .await?;
    match parent {
        Some(parent) => graft(tx, group, parent).await,
        None => Ok(()),
    }
}

/// How many rows [`cut`] and [`graft`] write to bring a group with all below it under `parent`.
pub(super) async fn rows_to_move(
    tx: &mut Tx,
    group: GroupId,
    parent: Option<GroupId>,
) -> Result<i64> {
    tx.one(
        "select (select count(*) from group_ancestors where ancestor_id = $1) \
         * ((select count(*) from group_ancestors where group_id = $1 and depth > 0) \
         + (select count(*) from group_ancestors where group_id = $2))",
        args![group, parent],
        |row| row.get(0),
    )
    .await
}

/// Takes a group with all below it out from under its ancestors.
pub(super) async fn cut(tx: &mut Tx, group: GroupId) -> Result<()> {
    tx.run(
        "delete from group_ancestors \
         where group_id in (select d.group_id from group_ancestors d where d.ancestor_id = $1) \
         and ancestor_id in (select u.ancestor_id from group_ancestors u \
         where u.group_id = $1 and u.depth > 0)",
        args![group],
    )
    .await?;
    Ok(())
}

/// Puts a group at the top, with all below it, under `parent`.
pub(super) async fn graft(tx: &mut Tx, group: GroupId, parent: GroupId) -> Result<()> {
    tx.run(
        "insert into group_ancestors (group_id, ancestor_id, depth) \
         select d.group_id, u.ancestor_id, d.depth + u.depth + 1 \
         from group_ancestors d join group_ancestors u on u.group_id = $2 \
         where d.ancestor_id = $1",
        args![group, parent],
    )
    .await?;
    Ok(())
}
