//! The statements that empty a subtree. It has no members any more, and whoever calls has decided.

use database::{Sql, Tx, args};
use types::{Error, GroupId, Json, PersonId, Result, Time};
use uuid::Uuid;

use crate::things::sql::remember_private;

/// The group of that slug.
pub(super) async fn platform(tx: &mut Tx, slug: &str) -> Result<GroupId> {
    tx.maybe("select id from groups where slug = $1", args![slug], |row| row.get(0))
        .await?
        .ok_or_else(|| Error::internal("the platform's own group is missing"))
}

/// Whether any group of the subtree is active.
pub(super) async fn has_active(tx: &mut Tx, root: GroupId) -> Result<bool> {
    let found = tx
        .maybe(
            "select o.id from group_ancestors a join groups o on o.id = a.group_id \
             where a.ancestor_id = $1 and o.status = 'active' limit 1",
            args![root],
            |_| Ok(()),
        )
        .await?;
    Ok(found.is_some())
}

/// Groups of the subtree.
pub(super) async fn size(tx: &mut Tx, root: GroupId) -> Result<i64> {
    tx.one("select count(*) from group_ancestors where ancestor_id = $1", args![root], |row| {
        row.get(0)
    })
    .await
}

/// Who is in a group, above it or below it, if that is one person.
pub(super) async fn alone_around(tx: &mut Tx, root: GroupId) -> Result<Option<PersonId>> {
    let people: Vec<PersonId> = tx
        .all(
            "select distinct m.person_id from memberships m \
             where m.status = 'active' and m.group_id in ( \
             select a.group_id from group_ancestors a where a.ancestor_id = $1 \
             union select u.ancestor_id from group_ancestors u where u.group_id = $1) limit 2",
            args![root],
            |row| row.get(0),
        )
        .await?;
    Ok(match people.as_slice() {
        [one] => Some(*one),
        _ => None,
    })
}

/// Remembers of a group and those below it whose they were. An import may have brought one back
/// that was remembered before.
pub(super) async fn remember_removed(tx: &mut Tx, root: GroupId, person: PersonId) -> Result<()> {
    tx.run(
        "insert into removed_groups (id, person_id) \
         select a.group_id, p.id from group_ancestors a join people p on p.id = $2 \
         where a.ancestor_id = $1 on conflict (id) do update set person_id = excluded.person_id",
        args![root, person],
    )
    .await?;
    Ok(())
}

/// Forgets what records without a login say that are in no other group: nobody could ever see,
/// change or erase them again. Ids stay that things and events refer to, as after an erasure.
pub(super) async fn forget_records(tx: &mut Tx, root: GroupId, now: Time) -> Result<()> {
    tx.run(
        "update people set email = null, username = null, display_name = 'Deleted user', \
         bio = null, avatar = null, metadata = $3, preferences = null, \
         version = version + 1, updated_at = $2 \
         where user_id is null and id in ( \
         select m.person_id from memberships m join group_ancestors a on a.group_id = m.group_id \
         where a.ancestor_id = $1) and not exists ( \
         select m.group_id from memberships m where m.person_id = people.id \
         and m.group_id not in (select a.group_id from group_ancestors a where a.ancestor_id = $1))",
        args![root, now, &Json::empty()],
    )
    .await?;
    Ok(())
}

/// Ends everything that lets somebody in.
pub(super) async fn end_access(tx: &mut Tx, root: GroupId) -> Result<()> {
    for statement in [
        "delete from memberships where group_id in \
         (select a.group_id from group_ancestors a where a.ancestor_id = $1)",
        "delete from api_keys where group_id in \
         (select a.group_id from group_ancestors a where a.ancestor_id = $1)",
        "delete from invitations where group_id in \
         (select a.group_id from group_ancestors a where a.ancestor_id = $1)",
        "delete from join_requests where group_id in \
         (select a.group_id from group_ancestors a where a.ancestor_id = $1)",
    ] {
        tx.run(statement, args![root]).await?;
    }
    Ok(())
}

/// Marks the groups, and lets the root hang nowhere.
pub(super) async fn hide(tx: &mut Tx, root: GroupId, now: Time) -> Result<()> {
    tx.run(
        "update groups set status = 'deleting', version = version + 1, updated_at = $2, \
         parent_id = case when id = $1 then null else parent_id end \
         where id in (select a.group_id from group_ancestors a where a.ancestor_id = $1)",
        args![root, now],
    )
    .await?;
    Ok(())
}

pub(super) async fn delete_connections(tx: &mut Tx, root: GroupId, most: i64) -> Result<i64> {
    let rows = tx
        .run(
            "delete from connections where id in ( \
             select c.id from group_ancestors a join connections c on c.group_id = a.group_id \
             where a.ancestor_id = $1 limit $2)",
            args![root, most],
        )
        .await?;
    Ok(i64::try_from(rows)?)
}

/// Tells which it was.
pub(super) async fn delete_knowledge(tx: &mut Tx, root: GroupId, most: i64) -> Result<Vec<Uuid>> {
    tx.all(
        "delete from knowledge where id in ( \
         select k.id from group_ancestors a join knowledge k on k.group_id = a.group_id \
         where a.ancestor_id = $1 limit $2) returning id",
        args![root, most],
        |row| row.get(0),
    )
    .await
}

pub(super) async fn things(tx: &mut Tx, root: GroupId, most: i64) -> Result<Vec<Uuid>> {
    tx.all(
        "select t.id from group_ancestors a join things t on t.group_id = a.group_id \
         where a.ancestor_id = $1 limit $2",
        args![root, most],
        |row| row.get(0),
    )
    .await
}

/// Connections from and to any of these, in other groups of the tree too; tells the group of each.
pub(super) async fn delete_connections_to(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<GroupId>> {
    let mut groups = Vec::new();
    for head in
        ["delete from connections where from_id in ", "delete from connections where to_id in "]
    {
        let mut sql = Sql::new(head);
        sql.bind_list(ids.iter().copied()).push(" returning group_id");
        let some: Vec<GroupId> = tx.all(sql.text(), sql.args(), |row| row.get(0)).await?;
        groups.extend(some);
    }
    Ok(groups)
}

/// What was made from any of these things, in other groups of the tree too; tells which it was,
/// with its group and the bytes of its text.
pub(super) async fn delete_knowledge_of(
    tx: &mut Tx,
    things: &[Uuid],
) -> Result<Vec<(Uuid, (GroupId, i64))>> {
    let mut sql = Sql::new("delete from knowledge where source_thing_id in ");
    sql.bind_list(things.iter().copied())
        .push(" returning id, group_id, cast(coalesce(octet_length(text), 0) as bigint)");
    tx.all(sql.text(), sql.args(), |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))).await
}

/// Lets no thing belong to one of these.
pub(super) async fn orphan(tx: &mut Tx, things: &[Uuid]) -> Result<()> {
    let mut sql = Sql::new("update things set parent_id = null where parent_id in ");
    sql.bind_list(things.iter().copied());
    tx.run(sql.text(), sql.args()).await?;
    Ok(())
}

pub(super) async fn delete_things(tx: &mut Tx, things: &[Uuid]) -> Result<()> {
    remember_private(tx, things.iter().copied()).await?;
    let mut sql = Sql::new("delete from things where id in ");
    sql.bind_list(things.iter().copied());
    tx.run(sql.text(), sql.args()).await?;
    Ok(())
}

pub(super) async fn delete_types(tx: &mut Tx, root: GroupId) -> Result<()> {
    for statement in [
        "delete from registered_types where group_id in \
         (select a.group_id from group_ancestors a where a.ancestor_id = $1)",
        "delete from type_versions where group_id in \
         (select a.group_id from group_ancestors a where a.ancestor_id = $1)",
    ] {
        tx.run(statement, args![root]).await?;
    }
    Ok(())
}

/// Groups of the subtree, the deepest first.
pub(super) async fn deepest(tx: &mut Tx, root: GroupId, most: i64) -> Result<Vec<Uuid>> {
    tx.all(
        "select group_id from group_ancestors where ancestor_id = $1 order by depth desc limit $2",
        args![root, most],
        |row| row.get(0),
    )
    .await
}

/// Roles, counters and the like go with them.
pub(super) async fn delete_groups(tx: &mut Tx, groups: &[Uuid]) -> Result<()> {
    let mut sql = Sql::new("delete from groups where id in ");
    sql.bind_list(groups.iter().copied());
    tx.run(sql.text(), sql.args()).await?;
    Ok(())
}

/// Whether a group is out of sight, or gone.
pub(super) async fn is_going(tx: &mut Tx, group: GroupId) -> Result<bool> {
    let seen = tx
        .maybe("select id from groups where id = $1 and status <> 'deleting'", args![group], |_| {
            Ok(())
        })
        .await?;
    Ok(seen.is_none())
}

/// Whether a group is the personal one of somebody.
pub(super) async fn is_personal(tx: &mut Tx, person: PersonId, group: GroupId) -> Result<bool> {
    let found = tx
        .maybe(
            "select id from people where id = $1 and personal_group_id = $2",
            args![person, group],
            |_| Ok(()),
        )
        .await?;
    Ok(found.is_some())
}

/// Whether anybody is in a group, above it or below it.
pub(super) async fn has_members_around(tx: &mut Tx, group: GroupId) -> Result<bool> {
    let found = tx
        .maybe(
            "select m.group_id from memberships m where m.status = 'active' and m.group_id in ( \
             select a.group_id from group_ancestors a where a.ancestor_id = $1 \
             union select u.ancestor_id from group_ancestors u where u.group_id = $1) limit 1",
            args![group],
            |_| Ok(()),
        )
        .await?;
    Ok(found.is_some())
}

/// The highest group below one that somebody is in, with what it hangs below and its type.
pub(super) async fn peopled_below(
    tx: &mut Tx,
    root: GroupId,
) -> Result<Option<(GroupId, Option<GroupId>, String)>> {
    tx.maybe(
        "select o.id, o.parent_id, o.type from group_ancestors a \
         join groups o on o.id = a.group_id where a.ancestor_id = $1 and a.depth > 0 \
         and exists (select 1 from memberships m where m.group_id = o.id and m.status = 'active') \
         order by a.depth, o.id limit 1",
        args![root],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
    .await
}

/// Lets a group hang nowhere.
pub(super) async fn put_at_the_top(tx: &mut Tx, group: GroupId, now: Time) -> Result<()> {
    tx.run(
        "update groups set parent_id = null, version = version + 1, updated_at = $2 where id = $1",
        args![group, now],
    )
    .await?;
    Ok(())
}

/// A personal group is nobody's any more.
pub(super) async fn let_go(tx: &mut Tx, person: PersonId, group: GroupId) -> Result<()> {
    tx.run(
        "update people set personal_group_id = null where id = $1 and personal_group_id = $2",
        args![person, group],
    )
    .await?;
    Ok(())
}

/// A group with all below it.
pub(super) async fn subtree(tx: &mut Tx, root: GroupId) -> Result<Vec<GroupId>> {
    tx.all("select group_id from group_ancestors where ancestor_id = $1", args![root], |row| {
        row.get(0)
    })
    .await
}
