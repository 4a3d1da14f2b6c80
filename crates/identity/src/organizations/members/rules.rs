//! The verbs of members.

use database::Tx;
use kernel::Caller;
use kernel::access::{Right, Rights, Role};
use types::{Error, MemberId, Result, UserId};
use world::people;

use super::model::{
    Direction, HasPermission, MemberComparison, MemberField, MemberFilter, MemberRole,
    OrganizationMember, OrganizationMembers, Permissions, WhoseRole, named, wire_role,
};
use super::sql::{self, Bounds};
use crate::IdentityApp;
use crate::accounts::normalized;
use crate::organizations::model::WhichOrganization;
use crate::organizations::rules::one_role;
use crate::organizations::seat::{Inside, inside, inside_of};
use crate::organizations::{codes, members, sql as organizations};

/// Members shown, unless the client says otherwise.
const USUAL: u32 = 100;
/// Members shown at most.
const MOST: u32 = 1_000;

/// Whom a member may see: everybody with `people:read`, else themselves.
fn sight(inside: &Inside) -> Bounds {
    let person = (!inside.has(Right::PeopleRead)).then_some(inside.seat.who.person);
    Bounds { person, ..Bounds::default() }
}

/// The first members of an organization, as far as the caller may see them.
pub(crate) async fn shown(
    tx: &mut Tx,
    inside: &Inside,
    most: Option<u32>,
) -> Result<Vec<OrganizationMember>> {
    let most = most.unwrap_or(USUAL).min(MOST);
    sql::list(tx, inside.organization.id, &sight(inside), Direction::Asc, most, 0).await
}

/// A page of members.
///
/// # Errors
/// 401; 400 `no_active_organization`, `organization_not_found`; 403
/// `you_are_not_a_member_of_this_organization`; 422 for a filter that says nothing.
pub(super) async fn list(
    house: &IdentityApp,
    caller: &Caller,
    filter: MemberFilter,
) -> Result<OrganizationMembers> {
    let asked = bounds(&filter)?;
    let which = WhichOrganization {
        organization_id: filter.organization_id.clone(),
        organization_slug: filter.organization_slug.clone(),
    };
    let caller = caller.clone();
    house
        .store(&caller)
        .read(async move |tx| {
            let inside = inside_of(tx, &caller, &which).await?;
            let inside = inside.ok_or_else(codes::you_are_not_a_member_of_this_organization)?;
            let bounds = Bounds { person: sight(&inside).person, ..asked.clone() };
            let limit = filter.limit.unwrap_or(USUAL).clamp(1, MOST);
            let direction = filter.sort_direction.unwrap_or(Direction::Asc);
            let offset = filter.offset.unwrap_or(0);
            let id = inside.organization.id;
            let members = sql::list(tx, id, &bounds, direction, limit, offset).await?;
            let total = sql::count(tx, id, &bounds).await?;
            Ok(OrganizationMembers { members, total })
        })
        .await
}

fn bounds(filter: &MemberFilter) -> Result<Bounds> {
    let is = filter.filter_operator.unwrap_or(MemberComparison::Eq) == MemberComparison::Eq;
    let mut bounds = Bounds::default();
    match (filter.filter_field, &filter.filter_value) {
        (None, None) if filter.filter_operator.is_none() => {}
        (Some(MemberField::UserId), Some(value)) => {
            let user = value.parse().map_err(|_| {
                Error::invalid("filterValue", "invalid_id", "must be the id of a user.")
            })?;
            bounds.user = Some((user, is));
        }
        (Some(MemberField::Role), Some(value)) => match value.as_str() {
            "owner" => {
                let owners = vec![Role::GroupOwner.name(), Role::PlatformOwner.name()];
                bounds.ranks = Some((owners, is));
            }
            "member" => bounds.ranks = Some((vec![Role::GroupUser.name()], is)),
            "customer" => bounds.ranks = Some((vec![Role::Customer.name()], is)),
            custom => bounds.custom = Some((custom.to_owned(), is)),
        },
        _ => {
            return Err(Error::invalid(
                "filterField",
                "incomplete_filter",
                "goes with `filterValue`: send both or none.",
            ));
        }
    }
    Ok(bounds)
}

/// What the caller is in the active organization.
///
/// # Errors
/// 401; 400 `no_active_organization`, `member_not_found`.
pub(super) async fn mine(house: &IdentityApp, caller: &Caller) -> Result<OrganizationMember> {
    let caller = caller.clone();
    house
        .store(&caller)
        .read(async move |tx| {
            let inside = inside(tx, &caller, None, codes::no_active_organization).await?;
            let inside = inside.ok_or_else(codes::member_not_found)?;
            let person = inside.seat.who.person;
            let member = sql::find(tx, inside.organization.id, person).await?;
            member.ok_or_else(codes::member_not_found)
        })
        .await
}

/// Somebody's role in an organization: the caller's own, or that of another member they may see.
///
/// # Errors
/// 401; 400 `no_active_organization`, `organization_not_found`; 403
/// `you_are_not_a_member_of_this_organization`.
pub(super) async fn role(
    house: &IdentityApp,
    caller: &Caller,
    whose: WhoseRole,
) -> Result<MemberRole> {
    let caller = caller.clone();
    house
        .store(&caller)
        .read(async move |tx| {
            let which = WhichOrganization {
                organization_id: whose.organization_id.clone(),
                organization_slug: whose.organization_slug.clone(),
            };
            let no_member = codes::you_are_not_a_member_of_this_organization;
            let inside = inside_of(tx, &caller, &which).await?.ok_or_else(no_member)?;
            let (id, me) = (inside.organization.id, inside.seat.who);
            let user: UserId = match whose.user_id.as_deref().filter(|text| !text.is_empty()) {
                Some(text) => text.parse().map_err(|_| no_member())?,
                None => me.user,
            };
            let person = organizations::person_of(tx, id, user).await?.ok_or_else(no_member)?;
            if person != me.person && !inside.has(Right::PeopleRead) {
                return Err(no_member());
            }
            let member = sql::find(tx, id, person).await?.ok_or_else(no_member)?;
            Ok(MemberRole { role: member.role })
        })
        .await
}

/// Takes somebody out of an organization and its teams.
///
/// # Errors
/// 401, also `you_are_not_allowed_to_delete_this_member`; 400 `no_active_organization`,
/// `member_not_found`, `you_cannot_leave_the_organization_as_the_only_owner`.
pub(super) async fn remove(
    house: &IdentityApp,
    caller: &Caller,
    whom: String,
    given: Option<String>,
) -> Result<OrganizationMember> {
    house
        .change(caller, async move |work| {
            let missing = codes::no_active_organization;
            let inside = inside(work.tx, work.caller, given.as_deref(), missing).await?;
            let inside = inside.ok_or_else(codes::member_not_found)?;
            let id = inside.organization.id;
            // Who may not see members learns nothing from trying addresses and ids.
            let may = inside.has(Right::PeopleDelete);
            let found = match whom.contains('@') {
                true if may => sql::by_email(work.tx, id, &normalized(&whom)).await?,
                true => None,
                false => find(work.tx, &inside, &whom).await?,
            };
            let member = found.ok_or_else(|| {
                if may { codes::member_not_found() } else { not_allowed_to_delete() }
            })?;
            if !may && member.person_id != inside.seat.who.person {
                return Err(not_allowed_to_delete());
            }
            depart(work, &member).await?;
            Ok(member)
        })
        .await
}

fn not_allowed_to_delete() -> Error {
    codes::you_are_not_allowed_to_delete_this_member()
}

/// Leaves an organization and its teams.
///
/// # Errors
/// 401; 400 `member_not_found`, `you_cannot_leave_the_organization_as_the_only_owner`.
pub(super) async fn leave(
    house: &IdentityApp,
    caller: &Caller,
    id: String,
) -> Result<OrganizationMember> {
    house
        .change(caller, async move |work| {
            let none = codes::member_not_found;
            let given = Some(id.as_str()).filter(|id| !id.is_empty()).ok_or_else(none)?;
            let inside = inside(work.tx, work.caller, Some(given), none).await?;
            let inside = inside.ok_or_else(none)?;
            let person = inside.seat.who.person;
            let member = sql::find(work.tx, inside.organization.id, person).await?;
            let member = member.ok_or_else(none)?;
            depart(work, &member).await?;
            Ok(member)
        })
        .await
}

async fn depart(work: &mut kernel::Work<'_>, member: &OrganizationMember) -> Result<()> {
    let id = member.organization_id;
    people::rules::remove_in(work, member.person_id, id)
        .await
        .map_err(|error| {
            let only_owner = codes::you_cannot_leave_the_organization_as_the_only_owner;
            codes::told(
                error,
                &[
                    ("last_owner", only_owner),
                    ("forbidden", not_allowed_to_delete),
                    ("not_found", codes::member_not_found),
                ],
            )
        })
        .map_err(|error| match error.code() {
            // This client knows one refusal for owners, and another for everybody else.
            "role_above_own" if member.role == "owner" => {
                codes::you_cannot_leave_the_organization_as_the_only_owner()
            }
            "role_above_own" => not_allowed_to_delete(),
            _ => error,
        })?;
    organizations::forget_active(work.tx, member.user_id, id).await
}

/// A member by their handle.
async fn find(tx: &mut Tx, inside: &Inside, handle: &str) -> Result<Option<OrganizationMember>> {
    let Ok(handle) = handle.parse::<MemberId>() else { return Ok(None) };
    let id = inside.organization.id;
    members::sql::find(tx, id, named(id, handle)).await
}

/// Gives a member another role.
///
/// # Errors
/// 401; 400 `no_active_organization`, `member_not_found`, `role_not_found`,
/// `you_cannot_leave_the_organization_without_an_owner`; 403
/// `you_are_not_allowed_to_update_this_member`.
pub(super) async fn update_role(
    house: &IdentityApp,
    caller: &Caller,
    form: super::model::UpdateMemberRole,
) -> Result<OrganizationMember> {
    let role = one_role(&form.role)?;
    house
        .change(caller, async move |work| {
            let (missing, given) = (codes::no_active_organization, form.organization_id.as_deref());
            let inside = inside(work.tx, work.caller, given, missing).await?;
            let inside = inside.ok_or_else(codes::member_not_found)?;
            if !inside.has(Right::PeopleUpdate) {
                return Err(codes::you_are_not_allowed_to_update_this_member());
            }
            let member = find(work.tx, &inside, &form.member_id).await?;
            let member = member.ok_or_else(codes::member_not_found)?;
            let (person, id) = (member.person_id, member.organization_id);
            let now =
                people::rules::appoint_in(work, person, id, &role).await.map_err(|error| {
                    codes::told(
                        error,
                        &[
                            (
                                "last_owner",
                                codes::you_cannot_leave_the_organization_without_an_owner,
                            ),
                            ("unknown_role", codes::role_not_found),
                            ("role_above_own", codes::you_are_not_allowed_to_update_this_member),
                            ("forbidden", codes::you_are_not_allowed_to_update_this_member),
                            ("not_found", codes::member_not_found),
                        ],
                    )
                })?;
            Ok(OrganizationMember { role: wire_role(now.role, now.custom), user: None, ..member })
        })
        .await
}

/// Whether the caller may do all of something.
///
/// # Errors
/// 401, also `user_is_not_a_member_of_the_organization`; 400 `no_active_organization`.
pub(super) async fn has_permission(
    house: &IdentityApp,
    caller: &Caller,
    form: HasPermission,
) -> Result<bool> {
    let ((Some(asked), None) | (None, Some(asked))) = (form.permissions, form.permission) else {
        let message = "is needed, as `{resource: [actions]}`.";
        return Err(Error::invalid("/permissions", "missing_field", message));
    };
    let (caller, given) = (caller.clone(), form.organization_id);
    house
        .store(&caller)
        .read(async move |tx| {
            let missing = codes::no_active_organization;
            let refusal = codes::user_is_not_a_member_of_the_organization;
            let inside = inside(tx, &caller, given.as_deref(), missing).await?;
            let inside = inside.ok_or_else(|| codes::as_unauthenticated(&refusal()))?;
            Ok(allowed(inside.place.rights, &asked))
        })
        .await
}

/// Whether rights cover everything asked for. Nothing asked for is nothing allowed.
fn allowed(rights: Rights, asked: &Permissions) -> bool {
    let mut every = asked
        .iter()
        .flat_map(|(resource, actions)| actions.iter().map(move |action| (resource, action)))
        .peekable();
    every.peek().is_some()
        && every.all(|(resource, action)| {
            right(resource, action).is_some_and(|right| rights.has(right))
        })
}

/// The right behind an action: one of the client's statements, or one of our own.
fn right(resource: &str, action: &str) -> Option<Right> {
    Some(match (resource, action) {
        ("organization", "update") => Right::GroupsUpdate,
        ("organization", "delete") => Right::GroupsDelete,
        ("member", "create") | ("invitation", "create" | "cancel") => Right::PeopleCreate,
        ("member", "update") | ("ac", "create" | "update" | "delete") => Right::PeopleUpdate,
        ("member", "delete") => Right::PeopleDelete,
        ("team", "create" | "update" | "delete") => Right::GroupsCreate,
        ("ac", "read") => Right::PeopleRead,
        _ => {
            let named = |right: &&Right| right.name().split_once(':') == Some((resource, action));
            return Right::ALL.iter().find(named).copied();
        }
    })
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
