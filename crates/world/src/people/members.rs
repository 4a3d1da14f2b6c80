//! Who may make whom what in a group.

use kernel::access::{self, Right, Rights, Role, Standing};
use kernel::{App, Caller, Work};
use serde_json::json;
use types::{Error, ErrorKind, GroupId, Json, PersonId, Result};

use super::model::{Member, MemberStatus, Person};
use super::sql;
use crate::groups;

/// Names of permissions a member may have beyond their role.
const MAX_PERMISSIONS: usize = 64;

/// Makes somebody a member, without asking who calls; the event is the caller's to record.
///
/// # Errors
/// 409 `already_member`; 422 for an unknown permission.
pub async fn admit(
    work: &mut Work<'_>,
    group: GroupId,
    person: PersonId,
    role: Role,
    permissions: &[String],
) -> Result<Member> {
    read_permissions(permissions)?;
    if sql::membership(work.tx, group, person).await?.is_some() {
        return Err(already());
    }
    let member =
        Member { group, role, permissions: permissions.to_vec(), status: MemberStatus::Active };
    sql::insert_membership(work.tx, person, &member, work.now)
        .await
        .map_err(|error| if error.code() == "already_exists" { already() } else { error })?;
    work.after_commit(move |app| app.identities.forget_person(person));
    Ok(member)
}

/// The rights behind names of permissions.
pub(super) fn read_permissions(names: &[String]) -> Result<Rights> {
    if names.len() > MAX_PERMISSIONS {
        return Err(Error::invalid("/permissions", "too_many", "must have at most 64 entries."));
    }
    Rights::parse(names, "/permissions")
}

/// Refuses a role above the caller's own, and one with rights they lack: an API key may carry
/// less than its owner's role.
pub(super) async fn may_grant(work: &mut Work<'_>, place: &Standing, role: Role) -> Result<()> {
    if role != Role::PlatformOwner {
        let reaches = place.role.is_some_and(|own| role <= own);
        return if reaches && place.rights.covers(role.rights()) { Ok(()) } else { Err(above()) };
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

/// Refuses permissions the caller lacks.
pub(super) fn may_lend(place: &Standing, rights: Rights) -> Result<()> {
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

/// Refuses to touch somebody of a higher role.
pub(super) fn may_touch(place: &Standing, member: &Member) -> Result<()> {
    if place.role.is_some_and(|own| member.role <= own) { Ok(()) } else { Err(above()) }
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
    app.change(caller, async move |work| {
        let place = access::standing_to_change(work.tx, work.caller, group).await?;
        let leaves = is_me(work.caller, id);
        if !leaves {
            place.require(Right::PeopleDelete)?;
        }
        let member = sql::membership(work.tx, group, id).await?.ok_or_else(Error::not_found)?;
        let (person, personal) = sql::find(work.tx, id).await?.ok_or_else(Error::not_found)?;
        if !leaves {
            may_touch(&place, &member)?;
        }
        not_personal(personal, group)?;
        keep_an_owner(work, &person, &member).await?;
        sql::delete_membership(work.tx, group, id).await?;
        sql::left(work.tx, id, work.now).await?;
        let metadata = Json::of(&json!({"role": member.role.name(), "left": leaves}))?;
        work.announce(group, "user_removed_from_group", id, &metadata).await?;
        work.after_commit(move |app| app.identities.forget_person(id));
        Ok(())
    })
    .await
}

pub(super) fn above() -> Error {
    Error::new(
        ErrorKind::Forbidden,
        "role_above_own",
        "This takes a higher role in the group than yours; ask somebody who has it.",
    )
}

fn already() -> Error {
    Error::conflict("already_member", "They are a member of this group already.")
}
