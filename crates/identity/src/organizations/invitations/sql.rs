//! The statements of invitations. Lists carry their group or their address; an id finds one
//! anywhere, since whoever is invited is in no group of it yet.

use std::time::Duration;

use database::{Row, Tx, args};
use kernel::access::Role;
use types::{GroupId, InvitationId, PersonId, Result, Time};
use world::roles::model::Held;

use super::model::{InvitationStatus, OrganizationInvitation};
use crate::organizations::members::model::wire_role;

/// Rows of a list at most.
const MOST: i64 = 1_000;

const COLUMNS: &str = "select i.id, i.group_id, i.email, i.role, i.custom_role, i.team_id, \
     i.status, i.expires_at, i.created_at, p.user_id, i.inviter_id, g.name \
     from invitations i join people p on p.id = i.inviter_id join groups g on g.id = i.group_id ";

/// How long an invitation is known after it could last be accepted.
const KEEP: Duration = Duration::from_secs(30 * 86_400);

/// An invitation with what only the rules see of it.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) invitation: OrganizationInvitation,
    pub(super) rank: Role,
    pub(super) custom: Option<String>,
    pub(super) inviter: PersonId,
    pub(super) organization_name: String,
}

impl Stored {
    pub(super) fn is_open(&self, now: Time) -> bool {
        self.invitation.status == InvitationStatus::Pending && self.invitation.expires_at > now
    }
}

fn stored(row: &Row<'_>) -> Result<Stored> {
    let (rank, custom) = (Role::stored(row.text(3)?)?, row.get::<Option<String>>(4)?);
    let invitation = OrganizationInvitation {
        id: row.get(0)?,
        organization_id: row.get(1)?,
        email: row.get(2)?,
        role: wire_role(rank, custom.clone()),
        team_id: row.get(5)?,
        status: InvitationStatus::stored(row.text(6)?)?,
        expires_at: row.get(7)?,
        created_at: row.get(8)?,
        inviter_id: row.get(9)?,
    };
    let (inviter, organization_name) = (row.get(10)?, row.get(11)?);
    Ok(Stored { invitation, rank, custom, inviter, organization_name })
}

pub(super) async fn find(tx: &mut Tx, id: InvitationId) -> Result<Option<Stored>> {
    tx.maybe(&format!("{COLUMNS} where i.id = $1"), args![id], stored).await
}

/// Deletes those that ended long ago, however they did.
pub(crate) async fn delete_expired(tx: &mut Tx, now: Time, limit: i64) -> Result<u64> {
    tx.run(
        "delete from invitations where id in \
         (select id from invitations where expires_at < $1 order by expires_at limit $2)",
        args![now.before(KEEP), limit],
    )
    .await
}

/// The one that waits for an address in a group, also when it has expired.
pub(super) async fn waiting(tx: &mut Tx, group: GroupId, email: &str) -> Result<Option<Stored>> {
    tx.maybe(
        &format!("{COLUMNS} where i.group_id = $1 and i.email = $2 and i.status = 'pending'"),
        args![group, email],
        stored,
    )
    .await
}

/// Those of a group, newest first.
pub(in crate::organizations) async fn list(
    tx: &mut Tx,
    group: GroupId,
) -> Result<Vec<OrganizationInvitation>> {
    tx.all(
        &format!("{COLUMNS} where i.group_id = $1 order by i.id desc limit $2"),
        args![group, MOST],
        |row| Ok(stored(row)?.invitation),
    )
    .await
}

/// Those that wait for an address, in any active group, newest first.
pub(super) async fn of_email(tx: &mut Tx, email: &str, now: Time) -> Result<Vec<Stored>> {
    tx.all(
        &format!(
            "{COLUMNS} where i.email = $1 and i.status = 'pending' and i.expires_at > $2 \
             and g.status = 'active' order by i.id desc limit $3"
        ),
        args![email, now, MOST],
        stored,
    )
    .await
}

pub(super) async fn count_open(tx: &mut Tx, group: GroupId, now: Time) -> Result<i64> {
    tx.one(
        "select count(*) from invitations \
         where group_id = $1 and status = 'pending' and expires_at > $2",
        args![group, now],
        |row| row.get(0),
    )
    .await
}

/// An invitation to be stored.
pub(super) struct NewRow<'a> {
    pub(super) id: InvitationId,
    pub(super) group: GroupId,
    pub(super) team: Option<GroupId>,
    pub(super) email: &'a str,
    pub(super) role: &'a Held,
    pub(super) inviter: PersonId,
    pub(super) now: Time,
    pub(super) expires_at: Time,
}

pub(super) async fn insert(tx: &mut Tx, row: &NewRow<'_>) -> Result<()> {
    tx.run(
        "insert into invitations (id, group_id, team_id, email, role, custom_role, status, \
         inviter_id, created_at, updated_at, expires_at) \
         values ($1, $2, $3, $4, $5, $6, 'pending', $7, $8, $8, $9)",
        args![
            row.id,
            row.group,
            row.team,
            row.email,
            row.role.rank.name(),
            &row.role.custom,
            row.inviter,
            row.now,
            row.expires_at
        ],
    )
    .await?;
    Ok(())
}

/// Answers one that waits, exactly once: whoever comes second changes nothing.
pub(super) async fn close(
    tx: &mut Tx,
    id: InvitationId,
    status: InvitationStatus,
    now: Time,
) -> Result<bool> {
    let rows = tx
        .run(
            "update invitations set status = $2, updated_at = $3 \
             where id = $1 and status = 'pending'",
            args![id, status.name(), now],
        )
        .await?;
    Ok(rows == 1)
}

pub(super) async fn extend(
    tx: &mut Tx,
    id: InvitationId,
    now: Time,
    expires_at: Time,
) -> Result<()> {
    tx.run(
        "update invitations set expires_at = $3, updated_at = $2 where id = $1",
        args![id, now, expires_at],
    )
    .await?;
    Ok(())
}

/// Takes a team that ends out of the invitations into it.
pub(in crate::organizations) async fn forget_team(
    tx: &mut Tx,
    group: GroupId,
    team: GroupId,
) -> Result<()> {
    tx.run(
        "update invitations set team_id = null where group_id = $1 and team_id = $2",
        args![group, team],
    )
    .await?;
    Ok(())
}
