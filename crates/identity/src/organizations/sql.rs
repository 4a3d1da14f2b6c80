//! The statements of organizations: which groups are one for whom, and which is active at a device.
//! All but [`is_slug_taken`] are bounded by the person's own memberships.

use database::{Row, Tx, args};
use kernel::access::Role;
use types::{GroupId, Json, PersonId, Result, SessionId, UserId};

use super::model::{Organization, split};

/// A group that is an organization for whoever is a member of it as alias `m`: `o` must be it.
/// Teams are marked in their metadata, see `world::groups::model::TEAM_OF`.
macro_rules! of_member {
    () => {
        "from memberships m join groups o on o.id = m.group_id \
         join people p on p.id = m.person_id \
         where m.person_id = $1 and m.status = 'active' and o.status = 'active' \
         and o.slug <> 'platform' and o.id is distinct from p.personal_group_id \
         and cast(o.metadata ->> 'teamOf' as text) is null"
    };
}

const COLUMNS: &str = concat!(
    "select o.id, o.name, o.slug, o.metadata, o.created_at, o.updated_at, m.role, m.custom_role ",
    of_member!()
);

/// The ids of everything the person `$1` belongs to.
pub(super) const IDS: &str = concat!("select o.id ", of_member!());

/// An organization, and the role of the member it was looked up for.
pub(super) type Belonging = (Organization, Role, Option<String>);

fn organization(row: &Row<'_>) -> Result<Belonging> {
    let (logo, metadata) = split(row.get::<Json>(3)?.to_map());
    let organization = Organization {
        id: row.get(0)?,
        name: row.get(1)?,
        slug: row.get(2)?,
        logo,
        metadata,
        created_at: row.get(4)?,
        updated_at: row.get(5)?,
    };
    Ok((organization, Role::stored(row.text(6)?)?, row.get(7)?))
}

pub(super) async fn find(
    tx: &mut Tx,
    person: PersonId,
    group: GroupId,
) -> Result<Option<Belonging>> {
    tx.maybe(&format!("{COLUMNS} and o.id = $2"), args![person, group], organization).await
}

pub(super) async fn by_slug(
    tx: &mut Tx,
    person: PersonId,
    slug: &str,
) -> Result<Option<Belonging>> {
    tx.maybe(&format!("{COLUMNS} and o.slug = $2"), args![person, slug], organization).await
}

/// Everything the person belongs to, oldest first.
pub(super) async fn list(tx: &mut Tx, person: PersonId, most: i64) -> Result<Vec<Organization>> {
    tx.all(&format!("{COLUMNS} order by o.id limit $2"), args![person, most], |row| {
        Ok(organization(row)?.0)
    })
    .await
}

/// Whether a slug belongs to any group: they are unique on the whole server.
pub(super) async fn is_slug_taken(tx: &mut Tx, slug: &str) -> Result<bool> {
    let found = tx.maybe("select id from groups where slug = $1", args![slug], |_| Ok(())).await?;
    Ok(found.is_some())
}

/// What was made active at a device, whether or not its owner still belongs to it.
pub(super) async fn active(
    tx: &mut Tx,
    session: SessionId,
) -> Result<(Option<GroupId>, Option<GroupId>)> {
    let found = tx
        .maybe(
            "select active_group_id, active_team_id from sessions where id = $1",
            args![session],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .await?;
    Ok(found.unwrap_or_default())
}

pub(super) async fn set_active(
    tx: &mut Tx,
    session: SessionId,
    organization: Option<GroupId>,
    team: Option<GroupId>,
) -> Result<()> {
    tx.run(
        "update sessions set active_group_id = $2, active_team_id = $3 where id = $1",
        args![session, organization, team],
    )
    .await?;
    Ok(())
}

/// Takes an organization, with its teams, out of all sessions of a login.
pub(super) async fn forget_active(tx: &mut Tx, user: UserId, organization: GroupId) -> Result<()> {
    tx.run(
        "update sessions set active_group_id = null, active_team_id = null \
         where user_id = $1 and active_group_id = $2",
        args![user, organization],
    )
    .await?;
    Ok(())
}

/// Takes a team out of all sessions of a login.
pub(super) async fn forget_active_team(tx: &mut Tx, user: UserId, team: GroupId) -> Result<()> {
    tx.run(
        "update sessions set active_team_id = null where user_id = $1 and active_team_id = $2",
        args![user, team],
    )
    .await?;
    Ok(())
}

/// The login a text names, if it has a person who is an active member of the group.
pub(super) async fn person_of(
    tx: &mut Tx,
    group: GroupId,
    user: UserId,
) -> Result<Option<PersonId>> {
    tx.maybe(
        "select p.id from people p join memberships m on m.person_id = p.id \
         where m.group_id = $1 and p.user_id = $2 and m.status = 'active'",
        args![group, user],
        |row| row.get(0),
    )
    .await
}
