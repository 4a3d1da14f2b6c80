//! Who may make whom what in a group.

use database::Tx;
use kernel::access::{self, Right, Rights, Role, Standing};
use kernel::usage::{self, Metric};
use kernel::{App, Caller, Work};
use serde_json::json;
use types::{Error, ErrorKind, GroupId, Json, PersonId, Result};

use super::model::{Member, MemberStatus, Person};
use super::sql;
use crate::groups;
use crate::roles;
use crate::roles::model::Held;

/// Names of permissions a member may have beyond their role.
const MAX_PERMISSIONS: usize = 64;

/// Makes somebody a member, without asking who calls; the event is the caller's to record.
///
/// # Errors
/// 402 when the plan has no place left; 409 `already_member`; 422 for an unknown permission.
pub async fn admit(
    work: &mut Work<'_>,
    group: GroupId,
    person: PersonId,
    role: impl Into<Held>,
    permissions: &[String],
) -> Result<Member> {
    read_permissions(permissions)?;
    if sql::membership(work.tx, group, person).await?.is_some() {
        return Err(already_member());
    }
    let role = role.into();
    let member = Member {
        group,
        role: role.rank,
        custom: role.custom,
        permissions: permissions.to_vec(),
        status: MemberStatus::Active,
    };
    sql::insert_membership(work.tx, person, &member, work.now)
        .await
        .map_err(|error| if error.code() == "already_exists" { already_member() } else { error })?;
    usage::take(work, group, Metric::Users, 1).await?;
    work.after_commit(move |app| app.identities.forget_person(person));
    Ok(member)
}

/// The rights behind names of permissions.
pub(crate) fn read_permissions(names: &[String]) -> Result<Rights> {
    if names.len() > MAX_PERMISSIONS {
        return Err(Error::invalid("/permissions", "too_many", "must have at most 64 entries."));
    }
    Rights::parse(names, "/permissions")
}

/// Refuses a role above the caller's own, and one with rights they lack: an API key may carry
/// less than its owner's role.
pub(super) async fn may_grant(work: &mut Work<'_>, place: &Standing, role: &Held) -> Result<()> {
    if role.rank != Role::PlatformOwner {
        return if reaches(place, role) { Ok(()) } else { Err(above()) };
    }
    if !work.caller.identity().platform_owner {
        return Err(above());
    }
    let group = groups::rules::visible(work.tx, work.caller, place.group).await?;
    if group.slug == groups::rules::PLATFORM_SLUG {
        return Ok(());
    }
    Err(Error::invalid("/role", "wrong_group", "can only be held in the platform's own group."))
}

/// Refuses a role that the caller may not give in a group.
///
/// # Errors
/// 404 when they may not see the group; 403 `role_above_own`.
pub(crate) async fn may_appoint(work: &mut Work<'_>, group: GroupId, role: &Held) -> Result<()> {
    let place = access::standing(work.tx, work.caller, group).await?;
    may_grant(work, &place, role).await
}

/// Whether somebody is in a group, or invited into it.
pub(crate) async fn is_member(tx: &mut Tx, group: GroupId, id: PersonId) -> Result<bool> {
    Ok(sql::membership(tx, group, id).await?.is_some())
}

/// Whether a role is neither above somebody's own nor allows what they may not.
#[must_use]
pub fn reaches(place: &Standing, role: &Held) -> bool {
    place.role.is_some_and(|own| role.rank <= own) && place.rights.covers(role.rights)
}

/// Refuses permissions the caller lacks.
pub(crate) fn may_lend(place: &Standing, rights: Rights) -> Result<()> {
    if place.rights.covers(rights) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Forbidden,
        "permissions_above_own",
        "You can only give permissions that you have in this group yourself.",
    ))
}

/// Refuses whoever does not keep a record without a login, in any of its groups: owners of a group
/// it comes into may change it everywhere.
pub(super) async fn may_keep(work: &mut Work<'_>, id: PersonId) -> Result<()> {
    for group in sql::group_ids(work.tx, id).await? {
        match access::standing(work.tx, work.caller, group).await {
            Ok(place) if place.rights.has(Right::PeopleUpdate) => return Ok(()),
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Err(Error::forbidden(
        "Only somebody who may change this record in a group it is in brings it into another.",
    ))
}

/// Refuses to touch somebody of a higher role, or of one beside the four that allows more.
pub(super) async fn may_touch(
    work: &mut Work<'_>,
    place: &Standing,
    member: &Member,
) -> Result<()> {
    let covered = match &member.custom {
        None => true,
        custom => {
            let custom = custom.as_deref();
            let held = roles::rules::held(work.tx, member.group, member.role, custom).await?;
            place.rights.covers(held.rights)
        }
    };
    if covered && place.role.is_some_and(|own| member.role <= own) { Ok(()) } else { Err(above()) }
}

/// Refuses to take an owner's role when nobody else has it. An owner who cannot sign in does not
/// stand in for one who can.
pub(super) async fn keep_an_owner(
    work: &mut Work<'_>,
    person: &Person,
    member: &Member,
) -> Result<()> {
    if member.role < Role::GroupOwner || member.status != MemberStatus::Active {
        return Ok(());
    }
    let others = sql::other_owners(work.tx, member.group, person.id).await?;
    let another = others
        .iter()
        .any(|(role, user)| *role >= member.role && (user.is_some() || person.user_id.is_none()));
    if another {
        return Ok(());
    }
    Err(Error::conflict(
        "last_owner",
        "This is the last owner of the group: make somebody else an owner first.",
    ))
}

/// Whether somebody is an active member of a group, and can sign in to run it.
pub(crate) async fn may_own(tx: &mut Tx, group: GroupId, id: PersonId) -> Result<bool> {
    let member = sql::membership(tx, group, id).await?;
    let active = member.is_some_and(|member| member.status == MemberStatus::Active);
    Ok(active && sql::find(tx, id).await?.is_some_and(|(person, _)| person.user_id.is_some()))
}

/// Somebody's own personal group stays theirs.
pub(super) fn not_personal(personal: Option<GroupId>, group: GroupId) -> Result<()> {
    if personal != Some(group) {
        return Ok(());
    }
    Err(Error::conflict(
        "personal_group",
        "This is the person's own group: they stay in it, as its owner.",
    ))
}

/// Whether the caller is this person — in their own name: an API key has its group's rights only.
pub(super) fn is_me(caller: &Caller, person: PersonId) -> bool {
    caller.person() == Some(person) && caller.identity().key.is_none()
}

/// Takes somebody out of a group; anybody may leave.
///
/// # Errors
/// 401, 403, 404 by policy; 403 `role_above_own`; 409 `last_owner`, `personal_group`, or in an
/// archived group.
pub async fn remove(app: &App, caller: &Caller, id: PersonId, group: GroupId) -> Result<()> {
    app.change(caller, async move |work| remove_in(work, id, group).await.map(drop)).await
}

/// The same inside a change that is already being made; tells what they were. Whoever leaves a
/// group leaves its teams.
///
/// # Errors
/// As [`remove`].
pub async fn remove_in(work: &mut Work<'_>, id: PersonId, group: GroupId) -> Result<Member> {
    let place = access::standing_to_change(work.tx, work.caller, group).await?;
    let leaves = is_me(work.caller, id);
    if !leaves {
        place.require(Right::PeopleDelete)?;
    }
    let member = sql::membership(work.tx, group, id).await?.ok_or_else(Error::not_found)?;
    let (person, personal) = sql::find(work.tx, id).await?.ok_or_else(Error::not_found)?;
    if !leaves {
        may_touch(work, &place, &member).await?;
    }
    not_personal(personal, group)?;
    keep_an_owner(work, &person, &member).await?;
    for team in groups::sql::teams_with(work.tx, group, id).await? {
        dismiss(work, team, id, leaves).await?;
    }
    dismiss(work, group, id, leaves).await?;
    Ok(member)
}

/// Ends a membership, without asking who calls; false when there is none.
///
/// # Errors
/// As the store.
pub async fn dismiss(
    work: &mut Work<'_>,
    group: GroupId,
    id: PersonId,
    leaves: bool,
) -> Result<bool> {
    let Some(member) = sql::membership(work.tx, group, id).await? else { return Ok(false) };
    sql::delete_membership(work.tx, group, id).await?;
    if member.status == MemberStatus::Active {
        usage::take(work, group, Metric::Users, -1).await?;
    }
    let now = work.now;
    work.tx
        .beyond(async move |tx| {
            sql::count(tx, id, now).await?;
            sql::forget(tx, id).await
        })
        .await?;
    let metadata = Json::of(&json!({"role": member.role_name(), "left": leaves}))?;
    work.announce(group, "user_removed_from_group", id, &metadata).await?;
    work.after_commit(move |app| app.identities.forget_person(id));
    Ok(true)
}

pub(super) fn above() -> Error {
    Error::new(
        ErrorKind::Forbidden,
        "role_above_own",
        "This takes a higher role in the group than yours; ask somebody who has it.",
    )
}

pub(crate) fn already_member() -> Error {
    Error::conflict("already_member", "They are a member of this group already.")
}
