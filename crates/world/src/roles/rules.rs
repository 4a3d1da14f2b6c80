//! What may be done with the roles of a group.

use database::Tx;
use kernel::access::{self, ADMIN, Right, Rights, Role, Standing};
use kernel::{App, Caller, Work};
use serde_json::json;
use types::{Checks, Error, GroupId, Json, Result};

use super::model::{GroupRole, Held};
use super::sql;
use crate::people;

/// Roles a group defines at most.
const MAX_ROLES: i64 = 100;
/// Characters of a name.
const MAX_NAME: usize = 50;

/// Whether a role may be called so: 2 to 50 of `a-z`, `0-9`, `_` and `-`, beginning with a letter,
/// and not what a built-in one is called.
fn is_custom(name: &str) -> bool {
    (2..=MAX_NAME).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
        && name != ADMIN
        && Role::parse(name).is_err()
}

/// Refuses a name that a group's own role cannot have.
///
/// # Errors
/// 422 `invalid_name`.
pub(crate) fn check_custom(name: &str) -> Result<()> {
    let mut checks = Checks::new();
    checks.that(
        is_custom(name),
        "/name",
        "invalid_name",
        "must be 2 to 50 of a-z, 0-9, `_` and `-`, begin with a letter, and not be a built-in role.",
    );
    checks.done()
}

/// Whether a group defines a role of this name.
pub(crate) async fn is_defined(tx: &mut Tx, group: GroupId, name: &str) -> Result<bool> {
    Ok(sql::find(tx, group, name).await?.is_some())
}

/// Refuses what cannot be the name of a role in any group, before a look into the store.
///
/// # Errors
/// 422 `unknown_role`.
pub fn check_name(name: &str) -> Result<()> {
    if name == ADMIN || is_custom(name) { Ok(()) } else { Role::parse(name).map(drop) }
}

/// The role of a name in a group: one of the four by name or alias, `admin`, or one of its own.
///
/// # Errors
/// 422 `unknown_role`.
pub async fn find(tx: &mut Tx, group: GroupId, name: &str) -> Result<Held> {
    if name != ADMIN && !is_custom(name) {
        return Ok(Role::parse(name)?.into());
    }
    let found = if name == ADMIN { None } else { sql::find(tx, group, name).await? };
    if name != ADMIN && found.is_none() {
        return Err(Error::invalid(
            "/role",
            "unknown_role",
            "must be platform_owner, group_owner, admin, group_user, customer, or a role that \
             this group defines.",
        ));
    }
    let rights = Rights::of_custom(name, found.as_ref().map(|role| &role.permissions));
    Ok(Held { rank: Role::GroupUser, custom: Some(name.to_owned()), rights })
}

/// What a member is by rank and stored name. A role whose definition is gone allows nothing.
///
/// # Errors
/// As the store.
pub async fn held(tx: &mut Tx, group: GroupId, rank: Role, custom: Option<&str>) -> Result<Held> {
    let Some(name) = custom else { return Ok(rank.into()) };
    let found = if name == ADMIN { None } else { sql::find(tx, group, name).await? };
    let rights = Rights::of_custom(name, found.as_ref().map(|role| &role.permissions));
    Ok(Held { rank, custom: Some(name.to_owned()), rights })
}

/// The roles a group defines, by name.
///
/// # Errors
/// 401, 404 by policy; 403 without `people:read`.
pub async fn list(app: &App, caller: &Caller, group: GroupId) -> Result<Vec<GroupRole>> {
    let caller = caller.clone();
    app.store(&caller)
        .read(async move |tx| {
            access::standing(tx, &caller, group).await?.require(Right::PeopleRead)?;
            sql::list(tx, group, MAX_ROLES).await
        })
        .await
}

/// One of them.
///
/// # Errors
/// As [`list`]; 404 when there is none of this name.
pub async fn get(app: &App, caller: &Caller, group: GroupId, name: String) -> Result<GroupRole> {
    let caller = caller.clone();
    app.store(&caller)
        .read(async move |tx| {
            access::standing(tx, &caller, group).await?.require(Right::PeopleRead)?;
            sql::find(tx, group, &name).await?.ok_or_else(Error::not_found)
        })
        .await
}

/// Defines a role, or changes what it allows.
///
/// # Errors
/// 401, 404 by policy; 403 without `people:update`, and `permissions_above_own` when the role
/// allows, before or after, what the caller may not; 409 `too_many_roles`, or in an archived group;
/// 422 for what is not sensible.
pub async fn put(
    app: &App,
    caller: &Caller,
    group: GroupId,
    name: String,
    permissions: Vec<String>,
) -> Result<GroupRole> {
    let rights = people::rules::read_permissions(&permissions)?;
    check_custom(&name)?;
    let permissions = Json::of(&permissions)?;
    app.change(caller, async move |work| {
        let place = access::standing_to_change(work.tx, work.caller, group).await?;
        place.require(Right::PeopleUpdate)?;
        people::rules::may_lend(&place, rights)?;
        let before = sql::find(work.tx, group, &name).await?;
        match &before {
            Some(before) => reaches(&place, before)?,
            None if sql::count(work.tx, group).await? >= MAX_ROLES => return Err(too_many()),
            None => {}
        }
        let role = GroupRole {
            group_id: group,
            name: name.clone(),
            permissions: permissions.clone(),
            created_at: before.as_ref().map_or(work.now, |before| before.created_at),
            updated_at: work.now,
        };
        sql::put(work.tx, &role).await?;
        let (kind, from) = match before {
            Some(before) => ("role_updated", Some(before.permissions)),
            None => ("role_created", None),
        };
        let metadata =
            Json::of(&json!({"role": name, "permissions": {"from": from, "to": permissions}}))?;
        work.announce(group, kind, group, &metadata).await?;
        forget_holders(work, group, &name).await?;
        Ok(role)
    })
    .await
}

/// Refuses one more role of a group, or one that allows what the caller may not there.
///
/// # Errors
/// 403 `permissions_above_own`; 409 `too_many_roles`; 422 for an unknown permission.
pub(crate) async fn may_define(
    tx: &mut Tx,
    place: &Standing,
    permissions: &[String],
) -> Result<()> {
    people::rules::may_lend(place, people::rules::read_permissions(permissions)?)?;
    if sql::count(tx, place.group).await? >= MAX_ROLES { Err(too_many()) } else { Ok(()) }
}

/// Takes a role away that nobody has.
///
/// # Errors
/// As [`put`]; 404 when there is none of this name; 409 `role_in_use`.
pub async fn delete(app: &App, caller: &Caller, group: GroupId, name: String) -> Result<()> {
    app.change(caller, async move |work| {
        let place = access::standing_to_change(work.tx, work.caller, group).await?;
        place.require(Right::PeopleUpdate)?;
        let role = sql::find(work.tx, group, &name).await?.ok_or_else(Error::not_found)?;
        reaches(&place, &role)?;
        let used = !sql::holders(work.tx, group, &name).await?.is_empty()
            || sql::is_promised(work.tx, group, &name, work.now).await?;
        if used {
            return Err(Error::conflict(
                "role_in_use",
                "Members or open invitations have this role: give them another one first.",
            ));
        }
        sql::delete(work.tx, group, &name).await?;
        let metadata = Json::of(&json!({"role": name, "permissions": role.permissions}))?;
        work.announce(group, "role_deleted", group, &metadata).await
    })
    .await
}

/// Whoever may do less than a role allows does not decide about it.
fn reaches(place: &Standing, role: &GroupRole) -> Result<()> {
    people::rules::may_lend(place, Rights::stored(&role.permissions))
}

async fn forget_holders(work: &mut Work<'_>, group: GroupId, name: &str) -> Result<()> {
    let holders = sql::holders(work.tx, group, name).await?;
    work.after_commit(move |app| {
        for person in holders {
            app.identities.forget_person(person);
        }
    });
    Ok(())
}

fn too_many() -> Error {
    Error::conflict(
        "too_many_roles",
        format!("This group defines {MAX_ROLES} roles; delete one that nobody has."),
    )
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
