//! What a caller may do in one group.

use database::{Tx, args};
use types::{Error, GroupId, Result};

use super::{Right, Rights, Role};
use crate::Caller;
use crate::caller::Membership;
use crate::usage::{self, Terms};

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

/// Where rights in a group come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Owning the platform, or being the house itself.
    Platform,
    /// Being a member.
    Membership,
    /// Owning the group or one above it.
    OwnerAbove,
    /// The group being public.
    PublicGroup,
}

/// Rights from one source, as far as an API key lets them through.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grant {
    /// Where they come from.
    pub source: Source,
    /// The group that gives them: this one, or one above.
    pub group: GroupId,
    /// The role held there.
    pub role: Option<Role>,
    /// What they allow in the group that was asked about.
    pub rights: Rights,
}

impl Grant {
    fn of_platform(group: GroupId) -> Self {
        let role = Some(Role::PlatformOwner);
        Self { source: Source::Platform, group, role, rights: Rights::all() }
    }

    fn of_member(member: &Membership) -> Self {
        let (group, role) = (member.group, Some(member.role));
        Self { source: Source::Membership, group, role, rights: member.rights }
    }

    fn owns(&self) -> bool {
        match self.source {
            Source::Platform | Source::OwnerAbove => true,
            Source::Membership => self.role >= Some(Role::GroupOwner),
            Source::PublicGroup => false,
        }
    }
}

impl Standing {
    /// The sum of what several sources give; none, when that does not even show the group.
    pub(super) fn of(group: GroupId, grants: &[Grant]) -> Option<Self> {
        let rights = grants.iter().fold(Rights::NONE, |all, one| all | one.rights);
        let own = |one: &&Grant| matches!(one.source, Source::Platform | Source::Membership);
        let role = grants.iter().find(own).and_then(|one| one.role);
        let place = Self { group, rights, role, owns: grants.iter().any(Grant::owns) };
        (role.is_some() || rights.has(Right::GroupsRead)).then_some(place)
    }

    /// Whether they may do this to a row; to what is `mine`, a right about one's own is enough.
    #[must_use]
    pub fn may(&self, right: Right, mine: bool) -> bool {
        self.rights.has(right) || mine && right.own().is_some_and(|own| self.rights.has(own))
    }

    /// Refuses what [`Standing::may`] does not allow.
    ///
    /// # Errors
    /// 403, naming the right.
    pub fn require_on(&self, right: Right, mine: bool) -> Result<()> {
        if self.may(right, mine) { Ok(()) } else { self.require(right) }
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
    let place = match known(caller, group) {
        Some(grant) => Standing::of(group, &[grant]),
        None => Standing::of(group, &look_up(tx, caller, group).await?),
    };
    place.ok_or_else(Error::not_found)
}

/// Everything that gives the caller rights in a group; [`standing`] is their sum.
pub(super) async fn grants(tx: &mut Tx, caller: &Caller, group: GroupId) -> Result<Vec<Grant>> {
    match known(caller, group) {
        Some(grant) => Ok(vec![grant]),
        None => look_up(tx, caller, group).await,
    }
}

/// What needs no query: the house itself has every right, and a member who owns nothing above the
/// group has those of their role.
fn known(caller: &Caller, group: GroupId) -> Option<Grant> {
    if caller.identity().system {
        return Some(Grant::of_platform(group));
    }
    let member = caller.membership(group)?;
    let enough = !caller.identity().platform_owner
        && (member.role >= Role::GroupOwner || !owns_elsewhere(caller, group));
    enough.then(|| Grant::of_member(member))
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
    if is_active(tx, group).await? { Ok(standing) } else { Err(archived()) }
}

/// The same for who will take something of the group's plan, which is in the row that is looked at.
///
/// # Errors
/// As [`standing_to_change`].
pub async fn standing_to_take(
    tx: &mut Tx,
    caller: &Caller,
    group: GroupId,
) -> Result<(Standing, Terms)> {
    let standing = standing(tx, caller, group).await?;
    let terms = usage::terms(tx, group).await?;
    if is_open(Some(terms.status()))? { Ok((standing, terms)) } else { Err(archived()) }
}

fn archived() -> Error {
    Error::conflict(
        "group_archived",
        "This group is archived: restore it before changing anything in it.",
    )
}

/// Whether a group may be changed.
///
/// # Errors
/// 404 when there is none, or it is being deleted.
pub(super) async fn is_active(tx: &mut Tx, group: GroupId) -> Result<bool> {
    let status: Option<String> =
        tx.maybe("select status from groups where id = $1", args![group], |row| row.get(0)).await?;
    is_open(status.as_deref())
}

fn is_open(status: Option<&str>) -> Result<bool> {
    match status {
        Some("active") => Ok(true),
        Some("archived") => Ok(false),
        _ => Err(Error::not_found()),
    }
}

/// A group that is being deleted is not there any more, not even for owners of the platform.
async fn look_up(tx: &mut Tx, caller: &Caller, group: GroupId) -> Result<Vec<Grant>> {
    let facts: Vec<(String, GroupId)> = tx
        .all(
            "select g.visibility, a.ancestor_id from groups g \
             join group_ancestors a on a.group_id = g.id \
             where g.id = $1 and g.status <> 'deleting'",
            args![group],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .await?;
    let grants = decide(caller, group, &facts);
    if grants.iter().any(|one| one.source == Source::PublicGroup) {
        // It may be in none of their trees.
        tx.enter([group]);
    }
    Ok(grants)
}

fn decide(caller: &Caller, group: GroupId, facts: &[(String, GroupId)]) -> Vec<Grant> {
    let Some((visibility, _)) = facts.first() else { return Vec::new() };
    let identity = caller.identity();
    if identity.platform_owner {
        return vec![Grant::of_platform(group)];
    }
    let member = caller.membership(group);
    let mut grants: Vec<Grant> = member.map(Grant::of_member).into_iter().collect();
    let above = facts.iter().filter_map(|(_, ancestor)| caller.membership(*ancestor));
    for one in above.filter(|one| one.role >= Role::GroupOwner) {
        // Bounded by what they have there: an API key may carry less than its owner.
        let rights = Rights::read_all() & one.rights;
        let (group, role) = (one.group, Some(one.role));
        grants.push(Grant { source: Source::OwnerAbove, group, role, rights });
    }
    // A member is what their role says, in a public group too.
    if visibility == "public" && member.is_none() {
        let rights = Rights::visitor();
        grants.push(Grant { source: Source::PublicGroup, group, role: None, rights });
    }
    if let Some(key) = &identity.key {
        // Its group and what is below it is all there is for a key, public or not.
        if !facts.iter().any(|(_, ancestor)| *ancestor == key.group) {
            return Vec::new();
        }
        for grant in &mut grants {
            grant.rights = grant.rights & key.rights;
        }
    }
    grants
}
