//! The statements of teams: groups below an organization that are marked as its teams.

use database::{Row, Tx, args};
use types::{GroupId, PersonId, Result, UserId};

use super::model::{Team, TeamMember};
use crate::organizations::members::model::handle;
use crate::organizations::sql::IDS;

/// Teams and members of one in a list at most.
pub(super) const MOST: i64 = 1_000;

/// A team as alias `o`.
macro_rules! columns {
    () => {
        "select o.id, o.name, o.parent_id, o.created_at, o.updated_at, \
         (select count(*) from memberships c join people h on h.id = c.person_id \
         where c.group_id = o.id and c.status = 'active' and h.user_id is not null)"
    };
}

macro_rules! of_organization {
    () => {
        " from groups o where o.status = 'active' and o.parent_id = $1 \
         and cast(o.metadata ->> 'teamOf' as text) = $2"
    };
}

const COLUMNS: &str = concat!(columns!(), of_organization!());

fn team(row: &Row<'_>) -> Result<Team> {
    Ok(Team {
        id: row.get(0)?,
        name: row.get(1)?,
        organization_id: row.get(2)?,
        created_at: row.get(3)?,
        updated_at: row.get(4)?,
        member_count: row.get(5)?,
    })
}

pub(in crate::organizations) async fn find(
    tx: &mut Tx,
    organization: GroupId,
    id: GroupId,
) -> Result<Option<Team>> {
    tx.maybe(
        &format!("{COLUMNS} and o.id = $3"),
        args![organization, &organization.to_string(), id],
        team,
    )
    .await
}

/// The teams of an organization, oldest first.
pub(in crate::organizations) async fn list(
    tx: &mut Tx,
    organization: GroupId,
) -> Result<Vec<Team>> {
    tx.all(
        &format!("{COLUMNS} order by o.id limit $3"),
        args![organization, &organization.to_string(), MOST],
        team,
    )
    .await
}

/// How many teams an organization has.
pub(super) async fn count(tx: &mut Tx, organization: GroupId) -> Result<i64> {
    tx.one(
        concat!("select count(*)", of_organization!()),
        args![organization, &organization.to_string()],
        |row| row.get(0),
    )
    .await
}

/// The teams somebody is in, in all organizations they belong to.
pub(super) async fn list_of(tx: &mut Tx, person: PersonId) -> Result<Vec<Team>> {
    const HEAD: &str = concat!(columns!(), ", cast(o.metadata ->> 'teamOf' as text)");
    let found = tx
        .all(
            &format!(
                "{HEAD} from groups o where o.status = 'active' \
                 and cast(o.metadata ->> 'teamOf' as text) is not null \
                 and o.id in (select m.group_id from memberships m \
                 where m.person_id = $1 and m.status = 'active') \
                 and o.parent_id in ({IDS}) order by o.parent_id, o.id limit $2"
            ),
            args![person, MOST],
            |row| Ok((team(row)?, row.get::<String>(6)?)),
        )
        .await?;
    // The two engines write an id as text in two ways, so it is compared here.
    let of_parent = |(team, of): &(Team, String)| team.organization_id.to_string() == *of;
    Ok(found.into_iter().filter(of_parent).map(|(team, _)| team).collect())
}

/// The teams of an organization that somebody is in.
pub(super) async fn list_with(
    tx: &mut Tx,
    organization: GroupId,
    person: PersonId,
) -> Result<Vec<Team>> {
    tx.all(
        &format!(
            "{COLUMNS} and o.id in (select m.group_id from memberships m \
             where m.person_id = $3 and m.status = 'active') order by o.id limit $4"
        ),
        args![organization, &organization.to_string(), person, MOST],
        team,
    )
    .await
}

/// The organization above a group, wherever it is; whoever asks must belong to it.
pub(super) async fn above(tx: &mut Tx, team: GroupId) -> Result<Option<GroupId>> {
    let found = tx
        .maybe("select parent_id from groups where id = $1", args![team], |row| row.get(0))
        .await?;
    Ok(found.flatten())
}

const MEMBER: &str = "select m.group_id, m.person_id, p.user_id, m.created_at \
     from memberships m join people p on p.id = m.person_id \
     where m.group_id = $1 and m.status = 'active' and p.user_id is not null";

fn member(row: &Row<'_>) -> Result<TeamMember> {
    let (team, person): (GroupId, PersonId) = (row.get(0)?, row.get(1)?);
    let user: UserId = row.get(2)?;
    Ok(TeamMember {
        id: handle(team, person),
        team_id: team,
        user_id: user,
        created_at: row.get(3)?,
    })
}

pub(super) async fn find_member(
    tx: &mut Tx,
    team: GroupId,
    person: PersonId,
) -> Result<Option<TeamMember>> {
    tx.maybe(&format!("{MEMBER} and m.person_id = $2"), args![team, person], member).await
}

/// Who is in a team, longest first.
pub(super) async fn members(tx: &mut Tx, team: GroupId) -> Result<Vec<TeamMember>> {
    tx.all(
        &format!("{MEMBER} order by m.created_at, m.person_id limit $2"),
        args![team, MOST],
        member,
    )
    .await
}
