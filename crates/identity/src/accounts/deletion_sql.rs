//! The statements of an account's end. They follow one person through all groups, so none is
//! bound to one.

use database::{Tx, args};
use types::{GroupId, Json, PersonId, Result, Time, UserId};

/// A group nobody else owns.
pub(super) struct Owned {
    pub(super) id: GroupId,
    pub(super) name: String,
    /// Others are in it or below it, or the installation needs it: it must not be left without an owner.
    pub(super) keeps: bool,
}

/// The active groups, but the person's own, that nobody else with a login owns.
pub(super) async fn only_owner_of(
    tx: &mut Tx,
    person: PersonId,
    home: GroupId,
) -> Result<Vec<Owned>> {
    tx.all(
        "select g.id, g.name, g.slug, (select count(*) from memberships o \
         join group_ancestors a on a.group_id = o.group_id \
         where a.ancestor_id = g.id and o.person_id <> $1 and o.status = 'active') \
         from memberships m join groups g on g.id = m.group_id \
         where m.person_id = $1 and m.status = 'active' and g.id <> $2 and g.status = 'active' \
         and m.role in ('group_owner', 'platform_owner') \
         and not exists (select 1 from memberships o join people p on p.id = o.person_id \
         where o.group_id = g.id and o.person_id <> $1 and o.status = 'active' \
         and o.role in ('platform_owner', m.role) and p.user_id is not null) order by g.id",
        args![person, home],
        |row| {
            let (slug, others): (String, i64) = (row.get(2)?, row.get(3)?);
            let keeps = others > 0 || slug == "platform";
            Ok(Owned { id: row.get(0)?, name: row.get(1)?, keeps })
        },
    )
    .await
}

/// A group and those below it that nobody but this person is in.
pub(super) async fn below_without_others(
    tx: &mut Tx,
    home: GroupId,
    person: PersonId,
) -> Result<Vec<GroupId>> {
    tx.all(
        "select a.group_id from group_ancestors a where a.ancestor_id = $1 and (a.group_id = $1 \
         or not exists (select 1 from memberships m where m.group_id = a.group_id \
         and m.person_id <> $2 and m.status = 'active')) order by a.depth",
        args![home, person],
        |row| row.get(0),
    )
    .await
}

/// The groups they are in, but their own, with nobody else in them, above them or below them; and
/// what is below these.
pub(super) async fn theirs_alone(
    tx: &mut Tx,
    person: PersonId,
    home: GroupId,
) -> Result<Vec<GroupId>> {
    tx.all(
        "select distinct b.group_id from memberships m join groups g on g.id = m.group_id \
         join group_ancestors b on b.ancestor_id = g.id \
         where m.person_id = $1 and m.status = 'active' and g.id <> $2 and g.slug <> 'platform' \
         and not exists (select 1 from group_ancestors a \
         join memberships o on o.group_id = a.ancestor_id \
         where a.group_id = m.group_id and o.person_id <> $1 and o.status = 'active') \
         and not exists (select 1 from group_ancestors a \
         join memberships o on o.group_id = a.group_id \
         where a.ancestor_id = m.group_id and o.person_id <> $1 and o.status = 'active') \
         order by b.group_id",
        args![person, home],
        |row| row.get(0),
    )
    .await
}

/// The groups that were theirs alone when they were deleted for good: only their log is left.
pub(super) async fn removed_of(tx: &mut Tx, person: PersonId) -> Result<Vec<GroupId>> {
    tx.all(
        "select r.id from removed_groups r where r.person_id = $1 and not exists \
         (select 1 from groups g where g.id = r.id and g.status <> 'deleting') order by r.id",
        args![person],
        |row| row.get(0),
    )
    .await
}

/// Archives a group; its type, if it was active.
pub(super) async fn archive(tx: &mut Tx, group: GroupId, now: Time) -> Result<Option<String>> {
    tx.maybe(
        "update groups set status = 'archived', version = version + 1, updated_at = $2 \
         where id = $1 and status = 'active' returning type",
        args![group, now],
        |row| row.get(0),
    )
    .await
}

/// The name of a personal group is that of its person.
pub(super) async fn rename_home(tx: &mut Tx, home: GroupId, now: Time) -> Result<()> {
    tx.run(
        "update groups set name = 'Deleted space', description = null, version = version + 1, \
         updated_at = $2 where id = $1",
        args![home, now],
    )
    .await?;
    Ok(())
}

/// Ends every membership; in which groups, and whether it was an active one.
pub(super) async fn leave_all(tx: &mut Tx, person: PersonId) -> Result<Vec<(GroupId, bool)>> {
    tx.all(
        "delete from memberships where person_id = $1 returning group_id, status",
        args![person],
        |row| Ok((row.get(0)?, row.text(1)? == "active")),
    )
    .await
}

/// Nobody joins on the word of somebody who is gone.
pub(super) async fn cancel_invitations(tx: &mut Tx, person: PersonId, now: Time) -> Result<()> {
    tx.run(
        "update invitations set status = 'canceled', updated_at = $2 \
         where inviter_id = $1 and status = 'pending'",
        args![person, now],
    )
    .await?;
    Ok(())
}

/// What is left of a person: an id that things and events refer to.
pub(super) async fn bury(tx: &mut Tx, person: PersonId, now: Time) -> Result<()> {
    tx.run(
        "update people set user_id = null, email = null, username = null, \
         display_name = 'Deleted user', bio = null, avatar = null, metadata = $2, preferences = null, \
         version = version + 1, updated_at = $3 where id = $1",
        args![person, &Json::empty(), now],
    )
    .await?;
    Ok(())
}

/// The login, and by reference its sessions, credentials, factors and links.
pub(super) async fn delete_user(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.run("delete from users where id = $1", args![user]).await?;
    Ok(())
}
