//! The statements of setup. The platform's group is one, known by its slug.

use database::{Tx, args};
use types::{GroupId, Json, PersonId, Result, Time};

/// The slug of the group whose `platform_owner`s own the installation.
pub(super) const PLATFORM: &str = "platform";

/// Claims the one setup; whether it was still there.
pub(super) async fn claim(tx: &mut Tx, now: Time) -> Result<bool> {
    let claimed = tx
        .run(
            "insert into once (name, value, claimed_at) values ('setup', null, $1) \
             on conflict (name) do nothing",
            args![now],
        )
        .await?;
    Ok(claimed == 1)
}

pub(super) async fn is_claimed(tx: &mut Tx) -> Result<bool> {
    let at: Option<Time> = tx
        .maybe("select claimed_at from once where name = 'setup'", args![], |row| row.get(0))
        .await?;
    Ok(at.is_some())
}

/// The platform's group, once it is made.
pub(crate) async fn platform(tx: &mut Tx) -> Result<Option<GroupId>> {
    tx.maybe("select id from groups where slug = $1", args![PLATFORM], |row| row.get(0)).await
}

pub(super) async fn insert_platform(tx: &mut Tx, id: GroupId, now: Time) -> Result<bool> {
    let made = tx
        .run(
            "insert into groups (id, parent_id, slug, name, type, description, visibility, \
             join_policy, plan, limits, metadata, status, version, created_at, updated_at) \
             values ($1, null, $2, 'Platform', 'community', null, 'public', 'open', 'enterprise', \
             null, $3, 'active', 1, $4, $4) on conflict (slug) do nothing",
            args![id, PLATFORM, &Json::empty(), now],
        )
        .await?;
    if made == 0 {
        return Ok(false);
    }
    tx.run(
        "insert into group_ancestors (group_id, ancestor_id, depth) values ($1, $1, 0)",
        args![id],
    )
    .await?;
    Ok(true)
}

pub(super) async fn insert_owner(
    tx: &mut Tx,
    group: GroupId,
    person: PersonId,
    now: Time,
) -> Result<()> {
    tx.run(
        "insert into memberships (group_id, person_id, role, permissions, status, created_at, \
         updated_at) values ($1, $2, 'platform_owner', $3, 'active', $4, $4)",
        args![group, person, &Json::from_text("[]".to_owned())?, now],
    )
    .await?;
    Ok(())
}
