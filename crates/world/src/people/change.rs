//! Changing a person: their record, and what they are in a group.

use kernel::access::{self, ADMIN, Right, Role};
use kernel::{App, Caller, Work};
use serde_json::json;
use types::{Error, GroupId, Json, PersonId, Result};
use web::{IfMatch, Patch};

use super::members::{
    is_me, keep_an_owner, may_grant, may_lend, may_touch, not_personal, read_permissions,
};
use super::model::{Member, Person, PersonChange};
use super::rules::{free_username, taken, visible};
use super::{check, sql};
use crate::changes::Changes;
use crate::roles;

/// Changes a person's record, or what they are in a group.
///
/// # Errors
/// 401, 403, 404 by policy; 403 `role_above_own`, `permissions_above_own`; 409 `last_owner`,
/// `username_taken`, `personal_group`, or in an archived group; 412 when it is no longer the
/// version the caller has seen; 422 for what is not sensible.
pub async fn update(
    app: &App,
    caller: &Caller,
    id: PersonId,
    seen: IfMatch,
    change: PersonChange,
) -> Result<Person> {
    app.change(caller, async move |work| update_in(work, id, seen, &change).await).await
}

/// The same inside a change that is already being made.
///
/// # Errors
/// As [`update`].
pub async fn update_in(
    work: &mut Work<'_>,
    id: PersonId,
    seen: IfMatch,
    change: &PersonChange,
) -> Result<Person> {
    if let Some(name) = &change.role {
        roles::rules::check_name(name)?;
        // Without a group there are the built-in roles only.
        if change.group_id.is_none() && name != ADMIN {
            Role::parse(name)?;
        }
    }
    let before = visible(work.tx, work.caller, id, change.group_id).await?;
    seen.check(before.version)?;
    let mut member = None;
    let mut promoted = false;
    if change.role.is_some() || change.permissions.is_some() {
        let Some(group) = change.group_id else {
            let message = "must name the group that the role is about.";
            return Err(Error::invalid("/groupId", "missing_field", message));
        };
        let (now, changed) = appoint(work, &before, group, change).await?;
        (member, promoted) = (Some(now), changed);
    }
    let home = if is_profile(change) { Some(may_edit(work, &before, change).await?) } else { None };
    let (mut after, changes) = apply(&before, change)?;
    if let Some(member) = member {
        after = after.in_group(member);
    }
    if changes.is_empty() && !promoted {
        return Ok(after);
    }
    check::check(&after)?;
    if after.username != before.username {
        free_username(work.tx, &after).await?;
    }
    after.version += 1;
    after.updated_at = work.now;
    if !sql::update(work.tx, &after, before.version).await.map_err(taken)? {
        return Err(work.tx.lost("This person is being changed by others; try again."));
    }
    if let Some(home) = home.filter(|_| !changes.is_empty()) {
        let metadata = Json::of(&json!({"changes": changes}))?;
        work.announce(home, "profile_updated", id, &metadata).await?;
    }
    Ok(after)
}

/// Gives a member another role or other permissions; tells what they are now, and whether that
/// is new.
async fn appoint(
    work: &mut Work<'_>,
    person: &Person,
    group: GroupId,
    change: &PersonChange,
) -> Result<(Member, bool)> {
    let id = person.id;
    let place = access::standing_to_change(work.tx, work.caller, group).await?;
    place.require(Right::PeopleUpdate)?;
    let before = sql::membership(work.tx, group, id).await?.ok_or_else(Error::not_found)?;
    may_touch(work, &place, &before).await?;
    let mut after = before.clone();
    let role = match &change.role {
        Some(name) => Some(roles::rules::find(work.tx, group, name).await?),
        None => None,
    };
    if let Some(role) = role.filter(|role| role.name() != before.role_name()) {
        may_grant(work, &place, &role).await?;
        let (_, personal) = sql::find(work.tx, id).await?.ok_or_else(Error::not_found)?;
        not_personal(personal, group)?;
        if role.rank < before.role {
            keep_an_owner(work, person, &before).await?;
        }
        (after.role, after.custom) = (role.rank, role.custom);
    }
    if let Some(names) = change.permissions.as_ref().filter(|names| **names != before.permissions) {
        may_lend(&place, read_permissions(names)?)?;
        after.permissions.clone_from(names);
    }
    if after.role_name() == before.role_name() && after.permissions == before.permissions {
        return Ok((before, false));
    }
    seat(work, id, &before, &after).await?;
    Ok((after, true))
}

/// Writes down and tells what a member is now.
async fn seat(work: &mut Work<'_>, id: PersonId, before: &Member, after: &Member) -> Result<()> {
    sql::update_membership(work.tx, id, after, work.now).await?;
    let metadata = Json::of(&json!({
        "from": before.role_name(), "to": after.role_name(),
        "permissions": {"from": before.permissions, "to": after.permissions},
    }))?;
    work.announce(after.group, "person_role_changed", id, &metadata).await?;
    work.after_commit(move |app| app.identities.forget_person(id));
    Ok(())
}

/// Gives a member one of the built-in roles, without asking who calls.
///
/// # Errors
/// 404 when they are no member.
pub(crate) async fn appoint_as_is(
    work: &mut Work<'_>,
    id: PersonId,
    group: GroupId,
    role: Role,
) -> Result<()> {
    let before = sql::membership(work.tx, group, id).await?.ok_or_else(Error::not_found)?;
    let after = Member { role, custom: None, ..before.clone() };
    if after.role_name() == before.role_name() {
        return Ok(());
    }
    seat(work, id, &before, &after).await?;
    sql::count(work.tx, id, work.now).await
}

/// Gives a member another role inside a change that is already being made.
///
/// # Errors
/// As [`update`].
pub async fn appoint_in(
    work: &mut Work<'_>,
    id: PersonId,
    group: GroupId,
    role: &str,
) -> Result<Member> {
    let (person, _) = sql::find(work.tx, id).await?.ok_or_else(Error::not_found)?;
    let change = PersonChange { role: Some(role.to_owned()), ..PersonChange::default() };
    let (member, promoted) = appoint(work, &person, group, &change).await?;
    if promoted {
        sql::count(work.tx, id, work.now).await?;
    }
    Ok(member)
}

fn is_profile(change: &PersonChange) -> bool {
    change.display_name.is_some()
        || !change.email.is_absent()
        || !change.username.is_absent()
        || !change.bio.is_absent()
        || !change.avatar.is_absent()
        || change.metadata.is_some()
}

/// The person themselves changes their record; one without a login is changed by the owners of
/// a group it is in. Tells the group whose log the change belongs to.
async fn may_edit(work: &mut Work<'_>, person: &Person, change: &PersonChange) -> Result<GroupId> {
    if is_me(work.caller, person.id) {
        let mine = sql::group_ids(work.tx, person.id).await?.into_iter().next();
        let home = work.caller.personal_group().or(mine);
        return home.ok_or_else(|| Error::internal("a person belongs to no group"));
    }
    if person.user_id.is_some() {
        return Err(Error::forbidden(
            "Only the person themselves may change this; an owner may change their role.",
        ));
    }
    let groups = match change.group_id {
        Some(group) => vec![group],
        None => sql::group_ids(work.tx, person.id).await?,
    };
    for group in groups {
        let place = match access::standing_to_change(work.tx, work.caller, group).await {
            Ok(place) => place,
            Err(_) if change.group_id.is_none() => continue,
            Err(error) => return Err(error),
        };
        if place.rights.has(Right::PeopleUpdate) {
            return Ok(group);
        }
    }
    Err(Error::forbidden("Only an owner of a group this person is in may change their record."))
}

/// The record after `change`, and what of it changed.
fn apply(before: &Person, change: &PersonChange) -> Result<(Person, Changes)> {
    let mut after = before.clone();
    let mut changes = Changes::default();
    if let Some(name) = &change.display_name {
        after.display_name.clone_from(name);
        changes.note("displayName", &before.display_name, name);
    }
    if !change.email.is_absent() {
        let email = change.email.clone().set().map(|text| check::email(&text));
        if email != before.email {
            if before.user_id.is_some() {
                let message = "belongs to an account: its owner changes it there.";
                return Err(Error::invalid("/email", "read_only", message));
            }
            // An address is nobody's business but the record's.
            changes.note_quietly("email");
            after.email = email;
        }
    }
    set(&mut after.username, "username", &change.username, &mut changes);
    set(&mut after.bio, "bio", &change.bio, &mut changes);
    set(&mut after.avatar, "avatar", &change.avatar, &mut changes);
    if let Some(patch) = &change.metadata {
        after.metadata = changes.merge("metadata", &before.metadata, patch)?;
    }
    Ok((after, changes))
}

fn set(field: &mut Option<String>, name: &str, patch: &Patch<String>, changes: &mut Changes) {
    if let Some(value) = patch.clone().sent() {
        changes.note(name, &*field, &value);
        *field = value;
    }
}
