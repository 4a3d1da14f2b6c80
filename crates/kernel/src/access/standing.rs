//! What a caller may do in one group.

use database::{Tx, args};
use types::{Error, GroupId, Result};

use super::{Right, Rights, Role};
use crate::Caller;

/// A caller's place in a group they may see.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// The group.
    pub group: GroupId,
    /// What they may do there.
    pub rights: Rights,
    /// Their own role, if they are a member. Owning the platform counts everywhere.
    pub role: Option<Role>,
    /// Whether they own this group or one above it: owners read what is below.
    pub owns: bool,
}

impl Standing {
    fn of_platform_owner(group: GroupId) -> Self {
        Self { group, rights: Rights::all(), role: Some(Role::PlatformOwner), owns: true }
    }

    /// Refuses unless `right` is there.
    ///
    /// # Errors
    /// 403, naming the right.
    pub fn require(&self, right: Right) -> Result<()> {
        if self.rights.has(right) {
            return Ok(());
        }
        Err(Error::forbidden(format!(
            "You lack the permission `{}` in this group; ask an owner of it.",
            right.name()
        )))
    }
}

/// Refuses whoever is not signed in.
///
/// # Errors
/// 401.
pub fn require_known(caller: &Caller) -> Result<()> {
    if caller.is_known() { Ok(()) } else { Err(Error::unauthenticated()) }
}

/// The caller's place in a group, for reading. A member's is known without a query.
///
/// # Errors
/// 401 when nobody is signed in; 404 when the group does not exist or they may not see it.
pub async fn standing(tx: &mut Tx, caller: &Caller, group: GroupId) -> Result<Standing> {
    require_known(caller)?;
    if caller.identity().system {
        return Ok(Standing::of_platform_owner(group));
    }
    if let Some(member) = caller.membership(group)
        && !caller.identity().platform_owner
        && (member.role >= Role::GroupOwner || !owns_elsewhere(caller, group))
    {
        let (rights, role) = (member.rights, Some(member.role));
        return Ok(Standing { group, rights, role, owns: member.role >= Role::GroupOwner });
    }
    let facts: Vec<(String, GroupId)> = tx
        .all(
            "select g.visibility, a.ancestor_id from groups g \
             join group_ancestors a on a.group_id = g.id where g.id = $1",
            args![group],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .await?;
    decide(caller, group, &facts)
}

/// Whether they may own a group above this one. Nothing is below a personal group.
fn owns_elsewhere(caller: &Caller, group: GroupId) -> bool {
    let identity = caller.identity();
    identity.memberships.iter().any(|one| {
        one.role >= Role::GroupOwner
            && one.group != group
            && Some(one.group) != identity.personal_group
    })
}

/// The caller's place in a group they are about to change: the group must also be active, and
/// stays so until the transaction ends.
///
/// # Errors
/// As [`standing`]; 409 when the group is archived.
pub async fn standing_to_change(tx: &mut Tx, caller: &Caller, group: GroupId) -> Result<Standing> {
    let standing = standing(tx, caller, group).await?;
    let status: Option<String> =
        tx.maybe("select status from groups where id = $1", args![group], |row| row.get(0)).await?;
    match status.as_deref() {
        Some("active") => Ok(standing),
        Some(_) => Err(Error::conflict(
            "group_archived",
            "This group is archived: restore it before changing anything in it.",
        )),
        None => Err(Error::not_found()),
    }
}

fn decide(caller: &Caller, group: GroupId, facts: &[(String, GroupId)]) -> Result<Standing> {
    let Some((visibility, _)) = facts.first() else { return Err(Error::not_found()) };
    let identity = caller.identity();
    if identity.platform_owner {
        return Ok(Standing::of_platform_owner(group));
    }
    let member = caller.membership(group);
    let mut rights = member.map_or(Rights::NONE, |member| member.rights);
    let mut owns = false;
    for (_, ancestor) in facts {
        if let Some(above) = caller.membership(*ancestor)
            && above.role >= Role::GroupOwner
        {
            owns = true;
            // Bounded by what they have there: an API key may carry less than its owner.
            rights = rights | (Rights::read_all() & above.rights);
        }
    }
    if visibility == "public" {
        rights = rights | Rights::visitor();
    }
    if let Some(key) = &identity.key {
        // Its group and what is below it is all there is for a key, public or not.
        if !facts.iter().any(|(_, ancestor)| *ancestor == key.group) {
            return Err(Error::not_found());
        }
        rights = rights & key.rights;
    }
    if member.is_some() || rights.has(Right::GroupsRead) {
        Ok(Standing { group, rights, role: member.map(|member| member.role), owns })
    } else {
        Err(Error::not_found())
    }
}
