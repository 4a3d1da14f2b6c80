//! The statements of members. Each carries its group.

use database::{Row, Sql, Tx, args};
use kernel::access::Role;
use types::{GroupId, PersonId, Result, UserId};

use super::model::{Direction, MemberUser, OrganizationMember, handle, wire_role};

const FROM: &str = " from memberships m join people p on p.id = m.person_id \
     join users u on u.id = p.user_id where m.status = 'active' and m.group_id = ";
const COLUMNS: &str = "select m.group_id, m.person_id, u.id, m.role, m.custom_role, \
     m.created_at, u.name, u.email, u.image";

fn member(row: &Row<'_>) -> Result<OrganizationMember> {
    let (group, person, user): (GroupId, PersonId, UserId) =
        (row.get(0)?, row.get(1)?, row.get(2)?);
    Ok(OrganizationMember {
        id: handle(group, person),
        organization_id: group,
        user_id: user,
        role: wire_role(Role::stored(row.text(3)?)?, row.get(4)?),
        created_at: row.get(5)?,
        person_id: person,
        user: Some(MemberUser {
            id: user,
            name: row.get(6)?,
            email: row.get(7)?,
            image: row.get(8)?,
        }),
    })
}

pub(crate) async fn find(
    tx: &mut Tx,
    group: GroupId,
    person: PersonId,
) -> Result<Option<OrganizationMember>> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(FROM).bind(group);
    sql.and_equals("m.person_id", Some(person));
    tx.maybe(sql.text(), sql.args(), member).await
}

/// The member with this address.
pub(crate) async fn by_email(
    tx: &mut Tx,
    group: GroupId,
    email: &str,
) -> Result<Option<OrganizationMember>> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(FROM).bind(group);
    sql.and_equals("u.email", Some(email));
    tx.maybe(sql.text(), sql.args(), member).await
}

/// Which members a list holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bounds {
    /// Only this one.
    pub(crate) person: Option<PersonId>,
    /// Only, or without, those of one of the four roles and of none beside them.
    pub(crate) ranks: Option<(Vec<&'static str>, bool)>,
    /// Only, or without, those of a role beside the four.
    pub(crate) custom: Option<(String, bool)>,
    /// Only, or without, this login.
    pub(crate) user: Option<(UserId, bool)>,
}

impl Bounds {
    fn condition<'a>(&'a self, sql: &mut Sql<'a>) {
        if let Some(person) = self.person {
            sql.and_equals("m.person_id", Some(person));
        }
        if let Some((ranks, is)) = &self.ranks {
            sql.push(if *is { " and (" } else { " and not (" });
            sql.push("m.custom_role is null and m.role in ").bind_list(ranks.iter().copied());
            sql.push(")");
        }
        if let Some((custom, is)) = &self.custom {
            sql.push(if *is {
                " and m.custom_role is not distinct from "
            } else {
                " and m.custom_role is distinct from "
            });
            sql.bind(custom.as_str());
        }
        if let Some((user, is)) = self.user {
            sql.push(if is { " and u.id = " } else { " and u.id <> " }).bind(user);
        }
    }
}

pub(crate) async fn list(
    tx: &mut Tx,
    group: GroupId,
    bounds: &Bounds,
    direction: Direction,
    limit: u32,
    offset: u32,
) -> Result<Vec<OrganizationMember>> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(FROM).bind(group);
    bounds.condition(&mut sql);
    sql.push(match direction {
        Direction::Asc => " order by m.created_at, m.person_id limit ",
        Direction::Desc => " order by m.created_at desc, m.person_id desc limit ",
    });
    sql.bind(i64::from(limit)).push(" offset ").bind(i64::from(offset));
    tx.all(sql.text(), sql.args(), member).await
}

pub(crate) async fn count(tx: &mut Tx, group: GroupId, bounds: &Bounds) -> Result<i64> {
    let mut sql = Sql::new("select count(*)");
    sql.push(FROM).bind(group);
    bounds.condition(&mut sql);
    tx.one(sql.text(), sql.args(), |row| row.get(0)).await
}

/// What a member is called and where mail reaches them, wherever they are a member.
pub(crate) async fn email_of(tx: &mut Tx, user: UserId) -> Result<Option<(String, String, bool)>> {
    tx.maybe("select name, email, email_verified from users where id = $1", args![user], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })
    .await
}
