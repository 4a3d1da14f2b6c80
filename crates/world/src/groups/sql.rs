//! The statements about groups.

use database::{Row, Sql, Tx, args};
use filter::Given;
use types::{GroupId, Json, PersonId, Result, Time};

use super::model::{Group, GroupFilter, GroupSettings, GroupStatus, GroupVisibility, JoinPolicy};
use crate::listing::{Ask, Found, Names};

/// Columns of a group as alias `o`, in the order [`group`] reads them; 15 of them.
macro_rules! columns {
    () => {
        "o.id, o.parent_id, o.slug, o.name, o.type, o.description, o.visibility, o.join_policy, \
         o.plan, o.limits, o.metadata, o.status, o.version, o.created_at, o.updated_at"
    };
}
pub(crate) use columns;

const HEAD: &str = concat!("select ", columns!(), " from groups o where 1 = 1");
/// Along the person's memberships, which are few and in the order of group ids.
const OF_MEMBER: &str = concat!(
    "select ",
    columns!(),
    " from memberships m join groups o on o.id = m.group_id \
     where m.status = 'active' and m.person_id = "
);
const FIND: &str =
    concat!("select ", columns!(), " from groups o where o.id = $1 and o.status <> 'deleting'");
/// Along `group_ancestors`, in the order of group ids.
const BELOW: &str = concat!(
    "select ",
    columns!(),
    " from group_ancestors a join groups o on o.id = a.group_id \
     where a.depth > 0 and a.ancestor_id = "
);
const ABOVE: &str = concat!(
    "select ",
    columns!(),
    " from group_ancestors a join groups o on o.id = a.ancestor_id \
     where a.group_id = $1 and a.depth > 0 order by a.depth limit $2"
);
/// Levels of a path at most.
const LEVELS: i64 = 1000;

/// Reads what `columns!` selects.
pub(crate) fn group(row: &Row<'_>) -> Result<Group> {
    Ok(Group {
        id: row.get(0)?,
        parent_group_id: row.get(1)?,
        slug: row.get(2)?,
        name: row.get(3)?,
        kind: row.get(4)?,
        description: row.get(5)?,
        settings: GroupSettings {
            visibility: GroupVisibility::stored(row.text(6)?)?,
            join_policy: JoinPolicy::stored(row.text(7)?)?,
            plan: row.get(8)?,
            limits: row
                .get::<Option<Json>>(9)?
                .and_then(|limits| serde_json::from_str(limits.as_str()).ok()),
        },
        metadata: row.get(10)?,
        status: GroupStatus::stored(row.text(11)?)?,
        version: row.get::<i64>(12)?.unsigned_abs(),
        created_at: row.get(13)?,
        updated_at: row.get(14)?,
    })
}

/// Which groups a caller may see in a list.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bound {
    /// All there are.
    pub(super) all: bool,
    /// Public ones.
    pub(super) public: bool,
    /// Those this person is a member of.
    pub(super) of_member: Option<PersonId>,
    /// This one.
    pub(super) one: Option<GroupId>,
}

impl Bound {
    fn condition(self, sql: &mut Sql<'_>) {
        if self.all {
            return;
        }
        sql.push(" and (1 = 0");
        if self.public {
            sql.push(" or o.visibility = 'public'");
        }
        if let Some(person) = self.of_member {
            sql.push(" or o.id in (select m.group_id from memberships m where m.person_id = ")
                .bind(person)
                .push(" and m.status = 'active')");
        }
        if let Some(group) = self.one {
            sql.push(" or o.id = ").bind(group);
        }
        sql.push(")");
    }
}

/// Looks up any group: whoever asks must have a standing in it.
pub(super) async fn find(tx: &mut Tx, id: GroupId) -> Result<Option<Group>> {
    tx.maybe(FIND, args![id], group).await
}

pub(super) async fn list(
    tx: &mut Tx,
    bound: Bound,
    given: Given,
    filter: &GroupFilter,
    ask: &Ask,
) -> Result<Found<Group>> {
    let own = match bound {
        Bound { all: false, public: false, of_member, one: None } => of_member,
        _ => None,
    };
    let names = if own.is_some() { Names::Along("m.group_id") } else { Names::Table };
    ask.of(
        tx,
        (given, names),
        |sql| {
            match own {
                Some(person) => {
                    sql.push(OF_MEMBER).bind(person);
                }
                None => bound.condition(sql.push(HEAD)),
            }
            sql.and_equals("o.visibility", filter.visibility.map(GroupVisibility::name))
                .and_equals("o.type", filter.kind.as_deref())
                .and_equals("o.parent_id", filter.parent_group_id);
            with_status(sql, filter.status);
        },
        group,
    )
    .await
}

fn with_status(sql: &mut Sql<'_>, status: Option<GroupStatus>) {
    sql.and_equals("o.status", Some(status.unwrap_or(GroupStatus::Active).name()));
}

pub(super) async fn children(
    tx: &mut Tx,
    parent: GroupId,
    (bound, given): (Bound, Given),
    status: Option<GroupStatus>,
    ask: &Ask,
) -> Result<Found<Group>> {
    ask.of(
        tx,
        (given, Names::Table),
        |sql| {
            sql.push(HEAD).and_equals("o.parent_id", Some(parent));
            with_status(sql, status);
            bound.condition(sql);
        },
        group,
    )
    .await
}

/// As [`children`], however far down.
pub(super) async fn descendants(
    tx: &mut Tx,
    above: GroupId,
    (bound, given): (Bound, Given),
    status: Option<GroupStatus>,
    ask: &Ask,
) -> Result<Found<Group>> {
    ask.of(
        tx,
        (given, Names::Along("a.group_id")),
        |sql| {
            sql.push(BELOW).bind(above);
            with_status(sql, status);
            bound.condition(sql);
        },
        group,
    )
    .await
}

/// The groups above one, nearest first, whoever may see them.
pub(super) async fn ancestors(tx: &mut Tx, id: GroupId) -> Result<Vec<Group>> {
    tx.all(ABOVE, args![id, LEVELS], group).await
}

pub(super) async fn insert(tx: &mut Tx, group: &Group, limits: &Option<Json>) -> Result<()> {
    tx.run(
        "insert into groups (id, parent_id, slug, name, type, description, visibility, \
         join_policy, plan, limits, metadata, status, version, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        args![
            group.id,
            group.parent_group_id,
            &group.slug,
            &group.name,
            &group.kind,
            &group.description,
            group.settings.visibility.name(),
            group.settings.join_policy.name(),
            &group.settings.plan,
            limits,
            &group.metadata,
            group.status.name(),
            group.version.cast_signed(),
            group.created_at,
            group.updated_at
        ],
    )
    .await?;
    Ok(())
}

/// Writes what can change, one version on from `before`; false when somebody was faster.
pub(super) async fn update(
    tx: &mut Tx,
    group: &Group,
    limits: &Option<Json>,
    before: u64,
) -> Result<bool> {
    let rows = tx
        .run(
            "update groups set parent_id = $3, slug = $4, name = $5, type = $6, \
             description = $7, visibility = $8, join_policy = $9, plan = $10, limits = $11, \
             metadata = $12, status = $13, version = $14, updated_at = $15 \
             where id = $1 and version = $2",
            args![
                group.id,
                before.cast_signed(),
                group.parent_group_id,
                &group.slug,
                &group.name,
                &group.kind,
                &group.description,
                group.settings.visibility.name(),
                group.settings.join_policy.name(),
                &group.settings.plan,
                limits,
                &group.metadata,
                group.status.name(),
                group.version.cast_signed(),
                group.updated_at
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// Gives the groups of a subtree that have one status another one, and tells which they were, with
/// their types.
pub(super) async fn turn_subtree(
    tx: &mut Tx,
    root: GroupId,
    from: GroupStatus,
    to: GroupStatus,
    now: Time,
) -> Result<Vec<(GroupId, String)>> {
    tx.all(
        "update groups set status = $3, version = version + 1, updated_at = $4 \
         where status = $2 \
         and id in (select a.group_id from group_ancestors a where a.ancestor_id = $1) \
         returning id, type",
        args![root, from.name(), to.name(), now],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

pub(super) async fn has_active_children(tx: &mut Tx, id: GroupId) -> Result<bool> {
    let child = tx
        .maybe(
            "select id from groups where parent_id = $1 and status = 'active' limit 1",
            args![id],
            |_| Ok(()),
        )
        .await?;
    Ok(child.is_some())
}

/// The teams of a group, as [`super::model::TEAM_OF`] marks them, that somebody is in.
pub(crate) async fn teams_with(
    tx: &mut Tx,
    group: GroupId,
    person: PersonId,
) -> Result<Vec<GroupId>> {
    tx.all(
        "select o.id from groups o join memberships m on m.group_id = o.id \
         where o.parent_id = $1 and m.person_id = $2 \
         and cast(o.metadata ->> 'teamOf' as text) = $3",
        args![group, person, &group.to_string()],
        |row| row.get(0),
    )
    .await
}

/// Looks across groups, for their slugs are unique on the whole server: whoever asks must check
/// what the caller may see.
pub(super) async fn with_slug(tx: &mut Tx, slug: &str) -> Result<Option<GroupId>> {
    tx.maybe("select id from groups where slug = $1", args![slug], |row| row.get(0)).await
}

/// Whether a slug belongs to another group, anywhere: slugs are unique on the whole server.
/// Looks across groups: a slug is one server's, whoever asks.
pub(super) async fn by_slug(tx: &mut Tx, slug: &str) -> Result<Option<GroupId>> {
    tx.maybe("select id from groups where slug = $1", args![slug], |row| row.get(0)).await
}

pub(super) async fn is_slug_taken(tx: &mut Tx, slug: &str, but: GroupId) -> Result<bool> {
    let other = tx
        .maybe("select id from groups where slug = $1 and id <> $2", args![slug, but], |_| Ok(()))
        .await?;
    Ok(other.is_some())
}

/// Whether the group, or one below it, is somebody's personal group. Its owner is a member, so
/// this walks the members of the subtree and not all people.
pub(super) async fn holds_personal(tx: &mut Tx, id: GroupId) -> Result<bool> {
    let found = tx
        .maybe(
            "select p.id from group_ancestors a join memberships m on m.group_id = a.group_id \
             join people p on p.id = m.person_id and p.personal_group_id = a.group_id \
             where a.ancestor_id = $1 limit 1",
            args![id],
            |_| Ok(()),
        )
        .await?;
    Ok(found.is_some())
}

/// Whether the group is somebody's personal group.
pub(super) async fn is_personal(tx: &mut Tx, id: GroupId) -> Result<bool> {
    let found = tx
        .maybe(
            "select p.id from memberships m join people p on p.id = m.person_id \
             where m.group_id = $1 and p.personal_group_id = $1 limit 1",
            args![id],
            |_| Ok(()),
        )
        .await?;
    Ok(found.is_some())
}
