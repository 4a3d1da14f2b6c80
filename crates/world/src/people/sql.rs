//! The statements about people and memberships.

use database::{Row, Sql, Tx, args};
use filter::Given;
use kernel::access::Role;
use types::{GroupId, Json, PersonId, Result, Time, UserId};

use super::called::{Pattern, called};
use super::model::{Member, MemberStatus, Person, PersonFilter, PersonGroup};
use crate::groups;
use crate::groups::sql::columns as group_columns;
use crate::listing::{Ask, Found, Names, Slice};
use crate::roles::model::Held;
use crate::things::expand::OwnerRef;

/// Columns of a person as alias `p`, in the order [`person`] reads them; 11 of them.
macro_rules! columns {
    () => {
        "p.id, p.user_id, p.email, p.username, p.display_name, p.bio, p.avatar, p.metadata, \
         p.version, p.created_at, p.updated_at"
    };
}

pub(super) use columns;

const FIND: &str =
    concat!("select ", columns!(), ", p.personal_group_id from people p where p.id = $1");
const LIST: &str = concat!(
    "select ",
    columns!(),
    ", o.group_id, o.role, o.permissions, o.status, o.custom_role \
     from memberships o join people p on p.id = o.person_id where o.group_id = "
);
const SUBTREE: &str = concat!(
    "select ",
    columns!(),
    ", o.group_id, o.role, o.permissions, o.status, o.custom_role \
     from (select m.person_id, m.group_id, m.role, m.permissions, m.status, m.custom_role, \
     row_number() over (partition by m.person_id order by a.depth, m.group_id) as nearness \
     from memberships m join group_ancestors a on a.group_id = m.group_id \
     where a.ancestor_id = "
);
const GROUPS: &str = concat!(
    "select ",
    group_columns!(),
    ", m.role, m.permissions, m.custom_role from memberships m join groups o on o.id = m.group_id \
     where m.status = 'active' and m.person_id = "
);

pub(super) fn person(row: &Row<'_>) -> Result<Person> {
    Ok(Person {
        id: row.get(0)?,
        user_id: row.get(1)?,
        email: row.get(2)?,
        username: row.get(3)?,
        display_name: row.get(4)?,
        bio: row.get(5)?,
        avatar: row.get(6)?,
        metadata: row.get(7)?,
        group_id: None,
        role: None,
        permissions: None,
        status: None,
        version: row.get::<i64>(8)?.unsigned_abs(),
        created_at: row.get(9)?,
        updated_at: row.get(10)?,
    })
}

/// Reads group, role, permissions, status and custom role from the columns at `at`.
fn member(row: &Row<'_>, at: usize) -> Result<Member> {
    Ok(Member {
        group: row.get(at)?,
        role: Role::stored(row.text(at + 1)?)?,
        permissions: names(&row.get(at + 2)?),
        status: MemberStatus::stored(row.text(at + 3)?)?,
        custom: row.get(at + 4)?,
    })
}

fn names(permissions: &Json) -> Vec<String> {
    serde_json::from_str(permissions.as_str()).unwrap_or_default()
}

/// What a caller may read of other people: memberships of these groups.
#[derive(Debug, Clone, Default)]
pub(super) struct Reach {
    /// Every group there is.
    pub(super) all: bool,
    /// These.
    pub(super) groups: Vec<GroupId>,
    /// Those below these.
    pub(super) below: Vec<GroupId>,
}

impl Reach {
    /// Appends the condition on alias `m`.
    pub(super) fn condition(&self, sql: &mut Sql<'_>) {
        if self.all {
            return;
        }
        sql.push(" and (m.group_id in ").bind_list(self.groups.iter().copied());
        if !self.below.is_empty() {
            sql.push(
                " or exists (select 1 from group_ancestors a where a.group_id = m.group_id \
                 and a.ancestor_id in ",
            )
            .bind_list(self.below.iter().copied())
            .push(")");
        }
        sql.push(")");
    }
}

/// Looks at any person, and tells their personal group too: whoever asks must check what the
/// caller may see of them.
pub(crate) async fn find(tx: &mut Tx, id: PersonId) -> Result<Option<(Person, Option<GroupId>)>> {
    tx.maybe(FIND, args![id], |row| Ok((person(row)?, row.get(11)?))).await
}

/// Whether the person is a member of a group within reach.
pub(super) async fn is_within(tx: &mut Tx, id: PersonId, reach: &Reach) -> Result<bool> {
    let mut sql = Sql::new("select m.group_id from memberships m where m.status = 'active'");
    sql.and_equals("m.person_id", Some(id));
    reach.condition(&mut sql);
    sql.push(" limit 1");
    Ok(tx.maybe(sql.text(), sql.args(), |_| Ok(())).await?.is_some())
}

pub(super) async fn list(
    tx: &mut Tx,
    (group, given): (GroupId, Given),
    filter: &PersonFilter,
    role: Option<&Held>,
    ask: &Ask,
) -> Result<Found<Person>> {
    let pattern = filter.q.as_deref().map(Pattern::of);
    ask.of(
        tx,
        (given, Names::Along("o.person_id")),
        |sql| {
            if filter.include_children {
                sql.push(SUBTREE).bind(group);
                of_role(sql, IN_TREE, filter, role);
                sql.push(") o join people p on p.id = o.person_id where o.nearness = 1");
            } else {
                sql.push(LIST).bind(group);
                of_role(sql, IN_GROUP, filter, role);
            }
            called(sql, filter, pattern.as_ref());
        },
        |row| Ok(person(row)?.in_group(member(row, 11)?)),
    )
    .await
}

/// Role, custom role and status of a membership, as alias `o` and as alias `m`.
const IN_GROUP: [&str; 4] = ["o.role", "o.custom_role", "o.status", " and o.custom_role is null"];
const IN_TREE: [&str; 4] = ["m.role", "m.custom_role", "m.status", " and m.custom_role is null"];

fn of_role<'a>(
    sql: &mut Sql<'a>,
    [rank, custom, status, plain]: [&'static str; 4],
    filter: &PersonFilter,
    role: Option<&'a Held>,
) {
    let named = role.filter(|role| role.custom.is_none()).map(|role| role.rank.name());
    sql.and_equals(rank, named)
        .and_equals(custom, role.and_then(|role| role.custom.as_deref()))
        .and_equals(status, filter.status.map(MemberStatus::name));
    if named.is_some() {
        sql.push(plain);
    }
}

/// Those of these people that are `me` or a member of a group within reach.
pub(super) async fn refs(
    tx: &mut Tx,
    ids: &[PersonId],
    me: Option<PersonId>,
    reach: &Reach,
) -> Result<Vec<OwnerRef>> {
    let mut sql =
        Sql::new("select p.id, p.display_name, p.username, p.avatar from people p where p.id in ");
    sql.bind_filled(ids.iter().copied()).push(" and (p.id = ").bind(me);
    sql.push(" or exists (select 1 from memberships m where m.person_id = p.id");
    sql.push(" and m.status = 'active'");
    reach.condition(&mut sql);
    sql.push("))");
    tx.all(sql.text(), sql.args(), |row| {
        Ok(OwnerRef {
            id: row.get(0)?,
            display_name: row.get(1)?,
            username: row.get(2)?,
            avatar: row.get(3)?,
        })
    })
    .await
}

/// Groups the person belongs to, within reach, by group id.
pub(super) async fn groups_of(
    tx: &mut Tx,
    id: PersonId,
    reach: &Reach,
    slice: Slice,
) -> Result<Vec<PersonGroup>> {
    let mut sql = Sql::new(GROUPS);
    sql.bind(id);
    reach.condition(&mut sql);
    slice.finish(&mut sql, "m.group_id");
    tx.all(sql.text(), sql.args(), |row| {
        Ok(PersonGroup {
            group: groups::sql::group(row)?,
            role: match row.get(17)? {
                Some(custom) => custom,
                None => Role::stored(row.text(15)?)?.name().to_owned(),
            },
            permissions: names(&row.get(16)?),
        })
    })
    .await
}

/// The groups whose member the person is, oldest membership first.
pub(super) async fn group_ids(tx: &mut Tx, id: PersonId) -> Result<Vec<GroupId>> {
    tx.all(
        "select group_id from memberships where person_id = $1 and status = 'active' \
         order by created_at, group_id limit 1000",
        args![id],
        |row| row.get(0),
    )
    .await
}

/// Whether a member of the group has this address.
pub(super) async fn is_email_in(tx: &mut Tx, group: GroupId, email: &str) -> Result<bool> {
    let found = tx
        .maybe(
            "select p.id from people p join memberships m on m.person_id = p.id \
             where p.email = $2 and m.group_id = $1 limit 1",
            args![group, email],
            |_| Ok(()),
        )
        .await?;
    Ok(found.is_some())
}

/// Whoever has this address in a group.
pub(super) async fn with_email(
    tx: &mut Tx,
    group: GroupId,
    email: &str,
) -> Result<Option<PersonId>> {
    tx.maybe(
        "select p.id from people p join memberships m on m.person_id = p.id \
         where m.group_id = $1 and p.email = $2 order by p.id limit 1",
        args![group, email],
        |row| row.get(0),
    )
    .await
}

/// Whose login has this address, if they proved that it is theirs. Looks at everybody: whoever asks
/// must check what the caller may see of them.
pub(super) async fn with_proven_email(tx: &mut Tx, email: &str) -> Result<Option<PersonId>> {
    tx.maybe(
        "select p.id from users u join people p on p.user_id = u.id \
         where u.email = $1 and u.email_verified",
        args![email],
        |row| row.get(0),
    )
    .await
}

/// Whether a username belongs to another person, anywhere: they are unique on the whole server.
/// Whether somebody else has it.
///
/// # Errors
/// As [`Tx::maybe`].
pub async fn is_username_taken(tx: &mut Tx, username: &str, but: PersonId) -> Result<bool> {
    let other = tx
        .maybe(
            "select id from people where username = $1 and id <> $2",
            args![username, but],
            |_| Ok(()),
        )
        .await?;
    Ok(other.is_some())
}

pub(super) async fn insert(tx: &mut Tx, person: &Person) -> Result<()> {
    tx.run(
        "insert into people (id, user_id, email, username, display_name, bio, avatar, metadata, \
         version, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        args![
            person.id,
            person.user_id,
            &person.email,
            &person.username,
            &person.display_name,
            &person.bio,
            &person.avatar,
            &person.metadata,
            person.version.cast_signed(),
            person.created_at,
            person.updated_at
        ],
    )
    .await?;
    Ok(())
}

/// Writes what can change, one version on from `before`; false when somebody was faster.
pub(super) async fn update(tx: &mut Tx, person: &Person, before: u64) -> Result<bool> {
    let rows = tx
        .run(
            "update people set email = $3, username = $4, display_name = $5, bio = $6, \
             avatar = $7, metadata = $8, version = $9, updated_at = $10 \
             where id = $1 and version = $2",
            args![
                person.id,
                before.cast_signed(),
                &person.email,
                &person.username,
                &person.display_name,
                &person.bio,
                &person.avatar,
                &person.metadata,
                person.version.cast_signed(),
                person.updated_at
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// Counts a change of what somebody is in a group.
pub(super) async fn count(tx: &mut Tx, id: PersonId, now: Time) -> Result<()> {
    tx.run(
        "update people set version = version + 1, updated_at = $2 where id = $1",
        args![id, now],
    )
    .await?;
    Ok(())
}

/// Forgets what a record without a login says that is in no group any more: nobody could ever see,
/// change or erase it again. An id stays that things and events refer to, as after an erasure.
///
/// After [`count`], which waits for whoever takes it out of another group just now.
pub(super) async fn forget(tx: &mut Tx, id: PersonId) -> Result<()> {
    tx.run(
        "update people set email = null, username = null, display_name = 'Deleted user', \
         bio = null, avatar = null, metadata = $2, preferences = null \
         where id = $1 and user_id is null and not exists \
         (select m.group_id from memberships m where m.person_id = people.id)",
        args![id, &Json::empty()],
    )
    .await?;
    Ok(())
}

pub(super) async fn membership(
    tx: &mut Tx,
    group: GroupId,
    id: PersonId,
) -> Result<Option<Member>> {
    tx.maybe(
        "select group_id, role, permissions, status, custom_role from memberships \
         where group_id = $1 and person_id = $2",
        args![group, id],
        |row| member(row, 0),
    )
    .await
}

pub(super) async fn insert_membership(
    tx: &mut Tx,
    id: PersonId,
    member: &Member,
    now: Time,
) -> Result<()> {
    let permissions = Json::of(&member.permissions)?;
    tx.run(
        "insert into memberships (group_id, person_id, role, permissions, status, created_at, \
         updated_at, custom_role) values ($1, $2, $3, $4, $5, $6, $6, $7)",
        args![
            member.group,
            id,
            member.role.name(),
            &permissions,
            member.status.name(),
            now,
            &member.custom
        ],
    )
    .await?;
    Ok(())
}

pub(super) async fn update_membership(
    tx: &mut Tx,
    id: PersonId,
    member: &Member,
    now: Time,
) -> Result<()> {
    let permissions = Json::of(&member.permissions)?;
    tx.run(
        "update memberships set role = $3, permissions = $4, updated_at = $5, custom_role = $6 \
         where group_id = $1 and person_id = $2",
        args![member.group, id, member.role.name(), &permissions, now, &member.custom],
    )
    .await?;
    Ok(())
}

pub(super) async fn delete_membership(tx: &mut Tx, group: GroupId, id: PersonId) -> Result<()> {
    tx.run("delete from memberships where group_id = $1 and person_id = $2", args![group, id])
        .await?;
    Ok(())
}

/// The other owners of a group: their roles, and whether they can sign in.
pub(super) async fn other_owners(
    tx: &mut Tx,
    group: GroupId,
    but: PersonId,
) -> Result<Vec<(Role, Option<UserId>)>> {
    tx.all(
        "select m.role, p.user_id from memberships m join people p on p.id = m.person_id \
         where m.group_id = $1 and m.person_id <> $2 and m.status = 'active' \
         and m.role in ('group_owner', 'platform_owner') limit 1000",
        args![group, but],
        |row| Ok((Role::stored(row.text(0)?)?, row.get(1)?)),
    )
    .await
}
