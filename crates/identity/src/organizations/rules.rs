//! The verbs of organizations.

use kernel::Caller;
use kernel::access::{self, Right};
use types::{Checks, Error, JsonMap, Result};
use web::{IfMatch, Patch};
use world::groups;
use world::groups::model::{GroupChange, NewGroup};

use super::invitations;
use super::members;
use super::model::{
    CreateOrganization, CreatedOrganization, FullOrganization, Organization, OrganizationData,
    SetActiveOrganization, WhichFullOrganization, WhichOrganization, join, patch,
};
use super::seat::{Inside, inside, inside_of, of, seat};
use super::{codes, sql, teams};
use crate::IdentityApp;
use crate::sessions::present;

/// The type of a group that is made as an organization.
pub(super) const KIND: &str = "organization";
/// Organizations in a list at most.
const MOST: i64 = 1_000;
/// Characters of a logo's address.
const MAX_LOGO: usize = 2_048;

/// Makes an organization; whoever makes it owns it and works in it from now on.
///
/// # Errors
/// 401; 403 `you_are_not_allowed_to_create_a_new_organization` for another `userId`; 400
/// `organization_already_exists`; 422 for what is not sensible.
pub(super) async fn create(
    house: &IdentityApp,
    caller: &Caller,
    form: CreateOrganization,
) -> Result<CreatedOrganization> {
    let who = present(caller)?;
    if form.user_id.as_deref().is_some_and(|id| id.parse() != Ok(who.user)) {
        return Err(codes::you_are_not_allowed_to_create_a_new_organization());
    }
    check_logo(form.logo.as_deref())?;
    let keep = form.keep_current_active_organization.unwrap_or(false);
    let new = NewGroup {
        parent_group_id: None,
        slug: form.slug,
        name: form.name,
        kind: KIND.to_owned(),
        description: None,
        settings: groups::model::NewGroupSettings::default(),
        metadata: join(form.metadata.unwrap_or_default(), form.logo),
    };
    house
        .change(caller, async move |work| {
            let group = groups::rules::create_in(work, &new).await.map_err(|error| {
                codes::told(error, &[("slug_taken", codes::organization_already_exists)])
            })?;
            if !keep {
                sql::set_active(work.tx, who.session, Some(group.id), None).await?;
            }
            let found = sql::find(work.tx, who.person, group.id).await?;
            let (organization, ..) = found.ok_or_else(codes::organization_not_found)?;
            let member = members::sql::find(work.tx, group.id, who.person).await?;
            let mut members: Vec<_> = member.into_iter().collect();
            for member in &mut members {
                member.user = None;
            }
            Ok(CreatedOrganization { organization, members })
        })
        .await
}

fn check_logo(logo: Option<&str>) -> Result<()> {
    let mut checks = Checks::new();
    checks.text("/logo", logo.unwrap_or_default(), 0, MAX_LOGO);
    checks.done()
}

/// Changes name, slug, logo and metadata.
///
/// # Errors
/// 401; 400 `organization_not_found`, `user_is_not_a_member_of_the_organization`,
/// `organization_slug_already_taken`; 403 `you_are_not_allowed_to_update_this_organization`; 422.
pub(super) async fn update(
    house: &IdentityApp,
    caller: &Caller,
    given: Option<String>,
    data: OrganizationData,
) -> Result<Organization> {
    check_logo(match &data.logo {
        Patch::Set(logo) => Some(logo),
        Patch::Absent | Patch::Null => None,
    })?;
    house
        .change(caller, async move |work| {
            let missing = codes::organization_not_found;
            let inside = inside(work.tx, work.caller, given.as_deref(), missing).await?;
            let inside = inside.ok_or_else(codes::user_is_not_a_member_of_the_organization)?;
            if !inside.has(Right::GroupsUpdate) {
                return Err(codes::you_are_not_allowed_to_update_this_organization());
            }
            let (id, before) = (inside.organization.id, &inside.organization);
            let change = change(before, &data);
            groups::rules::update_in(work, id, IfMatch(None), &change).await.map_err(|error| {
                codes::told(error, &[("slug_taken", codes::organization_slug_already_taken)])
            })?;
            let found = sql::find(work.tx, inside.seat.who.person, id).await?;
            Ok(found.ok_or_else(codes::organization_not_found)?.0)
        })
        .await
}

/// As a merge patch of the group: what is given replaces, metadata as a whole.
fn change(before: &Organization, data: &OrganizationData) -> GroupChange {
    let metadata = (data.metadata.is_some() || !data.logo.is_absent()).then(|| {
        let old = before.metadata.clone().unwrap_or_default();
        let new = data.metadata.clone().unwrap_or_else(|| old.clone());
        let logo = data.logo.clone().apply(before.logo.clone());
        patch(&join(old, before.logo.clone()), &join(new, logo))
    });
    GroupChange {
        name: data.name.clone(),
        slug: data.slug.clone(),
        metadata: metadata.filter(|patch: &JsonMap| !patch.is_empty()),
        ..GroupChange::default()
    }
}

/// Ends an organization: it and its teams are archived, which an owner can undo.
///
/// # Errors
/// 401; 400 `user_is_not_a_member_of_the_organization`; 403
/// `you_are_not_allowed_to_delete_this_organization`.
pub(super) async fn delete(
    house: &IdentityApp,
    caller: &Caller,
    id: String,
) -> Result<Organization> {
    house
        .change(caller, async move |work| {
            let missing = codes::organization_not_found;
            let given = Some(id.as_str()).filter(|id| !id.is_empty()).ok_or_else(missing)?;
            let inside = inside(work.tx, work.caller, Some(given), missing).await?;
            let Inside { seat, organization, place } =
                inside.ok_or_else(codes::user_is_not_a_member_of_the_organization)?;
            if !place.rights.has(Right::GroupsDelete) {
                return Err(codes::you_are_not_allowed_to_delete_this_organization());
            }
            groups::rules::archive_in(work, organization.id, IfMatch(None), true).await?;
            sql::forget_active(work.tx, seat.who.user, organization.id).await?;
            Ok(organization)
        })
        .await
}

/// Makes an organization the active one at this device, or none.
///
/// # Errors
/// 401; 400 `organization_not_found` for a slug, 403 `user_is_not_a_member_of_the_organization` for
/// an id that is none of the caller's.
pub(super) async fn set_active(
    house: &IdentityApp,
    caller: &Caller,
    form: SetActiveOrganization,
) -> Result<Option<Organization>> {
    house
        .change(caller, async move |work| {
            let seat = seat(work.tx, work.caller).await?;
            let (who, caller) = (seat.who, work.caller);
            let slug = form.organization_slug.as_deref().filter(|slug| !slug.is_empty());
            let found = match (&form.organization_id, slug) {
                (Patch::Null, _) => None,
                (Patch::Set(id), _) if !id.is_empty() => {
                    let found = match id.parse() {
                        Ok(id) => of(work.tx, caller, seat, id).await?,
                        Err(_) => None,
                    };
                    let refusal = codes::user_is_not_a_member_of_the_organization;
                    Some(found.ok_or_else(|| codes::as_forbidden(&refusal()))?.organization)
                }
                (_, Some(slug)) => {
                    let found = sql::by_slug(work.tx, who.person, slug).await?;
                    Some(found.ok_or_else(codes::organization_not_found)?.0)
                }
                _ => match seat.organization {
                    Some(id) => sql::find(work.tx, who.person, id).await?.map(|found| found.0),
                    None => None,
                },
            };
            let id = found.as_ref().map(|found| found.id);
            let team = seat.team.filter(|_| id.is_some() && id == seat.organization);
            sql::set_active(work.tx, who.session, id, team).await?;
            // Which one somebody looks at is no event.
            work.silently();
            Ok(found)
        })
        .await
}

/// One organization; none, when none is named and none is active.
///
/// # Errors
/// 401; 400 `organization_not_found` for one that is none of the caller's.
pub(super) async fn get(
    house: &IdentityApp,
    caller: &Caller,
    which: WhichOrganization,
) -> Result<Option<Organization>> {
    let caller = caller.clone();
    house
        .store(&caller)
        .read(async move |tx| match inside_of(tx, &caller, &which).await {
            Ok(Some(inside)) => Ok(Some(inside.organization)),
            Ok(None) => Err(codes::organization_not_found()),
            Err(error) if error.code() == "no_active_organization" => Ok(None),
            Err(error) => Err(error),
        })
        .await
}

/// The same, with members, invitations and teams.
///
/// # Errors
/// As [`get`].
pub(super) async fn get_full(
    house: &IdentityApp,
    caller: &Caller,
    which: WhichFullOrganization,
) -> Result<Option<FullOrganization>> {
    let most = which.members_limit;
    let which = WhichOrganization {
        organization_id: which.organization_id,
        organization_slug: which.organization_slug,
    };
    let caller = caller.clone();
    house
        .store(&caller)
        .read(async move |tx| {
            let inside = match inside_of(tx, &caller, &which).await {
                Ok(Some(inside)) => inside,
                Ok(None) => return Err(codes::organization_not_found()),
                Err(error) if error.code() == "no_active_organization" => return Ok(None),
                Err(error) => return Err(error),
            };
            let members = members::rules::shown(tx, &inside, most).await?;
            let invitations = if inside.has(Right::PeopleCreate) {
                invitations::sql::list(tx, inside.organization.id).await?
            } else {
                Vec::new()
            };
            let teams = teams::sql::list(tx, inside.organization.id).await?;
            let organization = inside.organization;
            Ok(Some(FullOrganization { organization, members, invitations, teams }))
        })
        .await
}

/// The organizations the caller belongs to, oldest first.
///
/// # Errors
/// 401.
pub(super) async fn list(house: &IdentityApp, caller: &Caller) -> Result<Vec<Organization>> {
    let who = present(caller)?;
    house.store(caller).read(async move |tx| sql::list(tx, who.person, MOST).await).await
}

/// Whether a slug is free. Slugs are addresses: that one is taken is no secret.
///
/// # Errors
/// 401; 400 `organization_slug_already_taken`; 422 for what is no slug.
pub(super) async fn check_slug(house: &IdentityApp, caller: &Caller, slug: String) -> Result<()> {
    access::require_known(caller)?;
    let mut checks = Checks::new();
    checks.slug("/slug", &slug);
    checks.done()?;
    let taken =
        house.db.unbound().read(async move |tx| sql::is_slug_taken(tx, &slug).await).await?;
    if taken { Err(codes::organization_slug_already_taken()) } else { Ok(()) }
}

/// The one role a client names, alone or in a list of one.
///
/// # Errors
/// 422 for none and for several; 400 `role_not_found` for one that belongs to the platform.
pub(super) fn one_role(names: &members::model::RoleNames) -> Result<String> {
    let several =
        || Err(Error::invalid("/role", "one_role", "must be one role: nobody has several here."));
    let name = match names {
        members::model::RoleNames::One(name) => name,
        members::model::RoleNames::Several(names) => match names.as_slice() {
            [name] => name,
            _ => return several(),
        },
    };
    match name.trim() {
        "" => several(),
        name if name.contains(',') => several(),
        "platform_owner" => Err(codes::role_not_found()),
        name => Ok(name.to_owned()),
    }
}
