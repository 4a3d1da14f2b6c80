//! The statements about roles of groups.

use database::{Row, Tx, args};
use types::{GroupId, PersonId, Result, Time};

use super::model::GroupRole;

fn role(row: &Row<'_>) -> Result<GroupRole> {
    Ok(GroupRole {
        group_id: row.get(0)?,
        name: row.get(1)?,
        permissions: row.get(2)?,
        created_at: row.get(3)?,
        updated_at: row.get(4)?,
    })
}

pub(super) async fn find(tx: &mut Tx, group: GroupId, name: &str) -> Result<Option<GroupRole>> {
    tx.maybe(
        "select group_id, name, permissions, created_at, updated_at from group_roles \
         where group_id = $1 and name = $2",
        args![group, name],
        role,
    )
    .await
}

/// The roles of a group by name; at most `most`.
pub(super) async fn list(tx: &mut Tx, group: GroupId, most: i64) -> Result<Vec<GroupRole>> {
    tx.all(
        "select group_id, name, permissions, created_at, updated_at from group_roles \
         where group_id = $1 order by name limit $2",
        args![group, most],
        role,
    )
    .await
}

pub(super) async fn count(tx: &mut Tx, group: GroupId) -> Result<i64> {
    tx.one("select count(*) from group_roles where group_id = $1", args![group], |row| row.get(0))
        .await
}

pub(super) async fn put(tx: &mut Tx, role: &GroupRole) -> Result<()> {
    tx.run(
        "insert into group_roles (group_id, name, permissions, created_at, updated_at) \
         values ($1, $2, $3, $4, $5) on conflict (group_id, name) \
         do update set permissions = excluded.permissions, updated_at = excluded.updated_at",
        args![role.group_id, &role.name, &role.permissions, role.created_at, role.updated_at],
    )
    .await?;
    Ok(())
}

pub(super) async fn delete(tx: &mut Tx, group: GroupId, name: &str) -> Result<()> {
    tx.run("delete from group_roles where group_id = $1 and name = $2", args![group, name]).await?;
    Ok(())
}

/// Whoever has the role in its group.
pub(super) async fn holders(tx: &mut Tx, group: GroupId, name: &str) -> Result<Vec<PersonId>> {
    tx.all(
        "select person_id from memberships where group_id = $1 and custom_role = $2",
        args![group, name],
        |row| row.get(0),
    )
    .await
}

/// Whether an invitation that waits would give the role.
pub(super) async fn is_promised(
    tx: &mut Tx,
    group: GroupId,
    name: &str,
    now: Time,
) -> Result<bool> {
    let found = tx
        .maybe(
            "select id from invitations where group_id = $1 and custom_role = $2 \
             and status = 'pending' and expires_at > $3 limit 1",
            args![group, name, now],
            |_| Ok(()),
        )
        .await?;
    Ok(found.is_some())
}
