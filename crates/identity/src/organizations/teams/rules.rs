//! The verbs of teams.

use database::Tx;
use kernel::access::{Right, Role, Standing};
use kernel::{Caller, Work};
use serde_json::json;
use types::{Error, GroupId, Json, JsonMap, PersonId, Result, UserId};
use web::Patch;
use world::groups::model::{Group, GroupStatus, NewGroupSettings, TEAM_OF};
use world::{groups, people};

use super::model::{CreateTeam, SetActiveTeam, Team, TeamMember, TeamSeat, UpdateTeam, WhoseTeams};
use super::sql;
use crate::IdentityApp;
use crate::organizations::rules::KIND;
use crate::organizations::seat::{Inside, inside, of, seat};
use crate::organizations::{codes, invitations, sql as organizations};

/// Letters of a team's id that make its slug: the random tail, 60 bits.
const SLUG_LETTERS: usize = 12;

/// Makes a team. It has no owner and, at first, no member: the rights of the organization run it.
///
/// # Errors
/// 401; 400 `no_active_organization`, `you_have_reached_the_maximum_number_of_teams`; 403
/// `you_are_not_allowed_to_invite_users_to_this_organization` for who is not a member,
/// `you_are_not_allowed_to_create_teams_in_this_organization`; 422.
pub(super) async fn create(house: &IdentityApp, caller: &Caller, form: CreateTeam) -> Result<Team> {
    house
        .change(caller, async move |work| {
            let (missing, given) = (codes::no_active_organization, form.organization_id.as_deref());
            let inside = inside(work.tx, work.caller, given, missing).await?;
            let outside = codes::you_are_not_allowed_to_invite_users_to_this_organization;
            let inside = inside.ok_or_else(outside)?;
            if !inside.has(Right::GroupsCreate) {
                return Err(codes::you_are_not_allowed_to_create_teams_in_this_organization());
            }
            let organization = inside.organization.id;
            if sql::count(work.tx, organization).await? >= sql::MOST {
                return Err(codes::you_have_reached_the_maximum_number_of_teams());
            }
            let group = child(work, organization, &form.name)?;
            groups::rules::insert_as_is(work, &group).await?;
            find(work.tx, organization, &group.id.to_string()).await
        })
        .await
}

fn child(work: &Work<'_>, organization: GroupId, name: &str) -> Result<Group> {
    let id = GroupId(work.id());
    let text = id.to_string();
    let tail = text.get(text.len() - SLUG_LETTERS..).unwrap_or(&text);
    let mut metadata = JsonMap::new();
    metadata.insert(TEAM_OF.to_owned(), organization.to_string().into());
    Ok(Group {
        id,
        parent_group_id: Some(organization),
        slug: format!("team-{tail}"),
        name: name.to_owned(),
        kind: KIND.to_owned(),
        description: None,
        settings: groups::rules::settings_of(
            KIND,
            &NewGroupSettings::default(),
            work.app().plans.default_plan(),
        ),
        metadata: Json::of(&metadata)?,
        status: GroupStatus::Active,
        version: 1,
        created_at: work.now,
        updated_at: work.now,
    })
}

/// A team of an organization by its id.
async fn find(tx: &mut Tx, organization: GroupId, id: &str) -> Result<Team> {
    let id = id.parse().map_err(|_| codes::team_not_found())?;
    sql::find(tx, organization, id).await?.ok_or_else(codes::team_not_found)
}

/// Ends a team: its group is archived, its members leave it.
///
/// # Errors
/// 401; 400 `no_active_organization`, `team_not_found`; 403
/// `you_are_not_allowed_to_delete_this_team` for who is not a member and for the active team,
/// `you_are_not_allowed_to_delete_teams_in_this_organization`.
pub(super) async fn remove(
    house: &IdentityApp,
    caller: &Caller,
    id: String,
    given: Option<String>,
) -> Result<()> {
    house
        .change(caller, async move |work| {
            let missing = codes::no_active_organization;
            let inside = inside(work.tx, work.caller, given.as_deref(), missing).await?;
            let inside = inside.ok_or_else(codes::you_are_not_allowed_to_delete_this_team)?;
            if !inside.has(Right::GroupsCreate) {
                return Err(codes::you_are_not_allowed_to_delete_teams_in_this_organization());
            }
            let organization = inside.organization.id;
            let team = find(work.tx, organization, &id).await?;
            if inside.seat.team == Some(team.id) {
                return Err(codes::you_are_not_allowed_to_delete_this_team());
            }
            groups::rules::archive_as_is(work, team.id).await?;
            invitations::sql::forget_team(work.tx, organization, team.id).await
        })
        .await
}

/// Gives a team another name.
///
/// # Errors
/// 401; 400 `no_active_organization`, `team_not_found`; 403
/// `you_are_not_allowed_to_update_this_team`; 422.
pub(super) async fn update(house: &IdentityApp, caller: &Caller, form: UpdateTeam) -> Result<Team> {
    house
        .change(caller, async move |work| {
            let missing = codes::no_active_organization;
            let given = form.data.organization_id.as_deref();
            let inside = inside(work.tx, work.caller, given, missing).await?;
            let inside = inside.ok_or_else(codes::you_are_not_allowed_to_update_this_team)?;
            if !inside.has(Right::GroupsCreate) {
                return Err(codes::you_are_not_allowed_to_update_this_team());
            }
            let organization = inside.organization.id;
            let team = find(work.tx, organization, &form.team_id).await?;
            if let Some(name) = &form.data.name {
                groups::rules::rename_as_is(work, &inside.place, team.id, name).await?;
            }
            find(work.tx, organization, &form.team_id).await
        })
        .await
}

/// The teams of an organization, for its members.
///
/// # Errors
/// 401; 400 `no_active_organization`; 403 `you_are_not_allowed_to_access_this_organization`.
pub(super) async fn list(
    house: &IdentityApp,
    caller: &Caller,
    given: Option<String>,
) -> Result<Vec<Team>> {
    let caller = caller.clone();
    house
        .store(&caller)
        .read(async move |tx| {
            let missing = codes::no_active_organization;
            let inside = inside(tx, &caller, given.as_deref(), missing).await?;
            let inside =
                inside.ok_or_else(codes::you_are_not_allowed_to_access_this_organization)?;
            sql::list(tx, inside.organization.id).await
        })
        .await
}

/// Makes a team the active one at this device, or none.
///
/// # Errors
/// 401; 400 `no_active_organization`, `team_not_found`; 403 `user_is_not_a_member_of_the_team`.
pub(super) async fn set_active(
    house: &IdentityApp,
    caller: &Caller,
    form: SetActiveTeam,
) -> Result<Option<Team>> {
    house
        .change(caller, async move |work| {
            let seat = seat(work.tx, work.caller).await?;
            work.silently();
            let id = match (&form.team_id, seat.team) {
                (Patch::Set(id), _) if !id.is_empty() => id.clone(),
                (Patch::Null, _) => {
                    let (session, organization) = (seat.who.session, seat.organization);
                    organizations::set_active(work.tx, session, organization, None).await?;
                    return Ok(None);
                }
                (_, Some(team)) => team.to_string(),
                (_, None) => return Ok(None),
            };
            let organization = seat.organization.ok_or_else(codes::no_active_organization)?;
            let team = find(work.tx, organization, &id).await?;
            if sql::find_member(work.tx, team.id, seat.who.person).await?.is_none() {
                return Err(codes::as_forbidden(&codes::user_is_not_a_member_of_the_team()));
            }
            let (session, id) = (seat.who.session, Some(team.id));
            organizations::set_active(work.tx, session, Some(organization), id).await?;
            Ok(Some(team))
        })
        .await
}

/// The teams somebody is in: the caller's own, everywhere or in one organization, or those of
/// another member for who may change members.
///
/// # Errors
/// 401; 400 `no_active_organization`, `user_is_not_a_member_of_the_organization`; 403
/// `you_are_not_a_member_of_this_organization`, `you_are_not_allowed_to_update_this_member`.
pub(super) async fn list_of(
    house: &IdentityApp,
    caller: &Caller,
    whose: WhoseTeams,
) -> Result<Vec<Team>> {
    let caller = caller.clone();
    house
        .store(&caller)
        .read(async move |tx| {
            let seat = seat(tx, &caller).await?;
            let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
            let user = given(&whose.user_id).filter(|id| *id != seat.who.user.to_string());
            let organization = given(&whose.organization_id);
            if user.is_none() && organization.is_none() {
                return sql::list_of(tx, seat.who.person).await;
            }
            let missing = codes::no_active_organization;
            let inside = inside(tx, &caller, organization.as_deref(), missing).await?;
            let inside = inside.ok_or_else(codes::you_are_not_a_member_of_this_organization)?;
            let person = match user {
                None => seat.who.person,
                Some(_) if !inside.has(Right::PeopleUpdate) => {
                    return Err(codes::you_are_not_allowed_to_update_this_member());
                }
                Some(user) => member_of(tx, &inside, &user).await?.0,
            };
            sql::list_with(tx, inside.organization.id, person).await
        })
        .await
}

/// A member of an organization by their login.
async fn member_of(tx: &mut Tx, inside: &Inside, user: &str) -> Result<(PersonId, UserId)> {
    let none = codes::user_is_not_a_member_of_the_organization;
    let user: UserId = user.parse().map_err(|_| none())?;
    let person = organizations::person_of(tx, inside.organization.id, user).await?;
    Ok((person.ok_or_else(none)?, user))
}

/// Who is in a team, for whoever is in it too.
///
/// # Errors
/// 401; 400 `you_do_not_have_an_active_team`, `team_not_found`, `user_is_not_a_member_of_the_team`.
pub(super) async fn members(
    house: &IdentityApp,
    caller: &Caller,
    given: Option<String>,
) -> Result<Vec<TeamMember>> {
    let caller = caller.clone();
    house
        .store(&caller)
        .read(async move |tx| {
            let seat = seat(tx, &caller).await?;
            let id: GroupId = match given.as_deref().filter(|text| !text.is_empty()) {
                Some(text) => text.parse().map_err(|_| codes::team_not_found())?,
                None => seat.team.ok_or_else(codes::you_do_not_have_an_active_team)?,
            };
            // A team of an organization one is not in is none.
            let above = sql::above(tx, id).await?.ok_or_else(codes::team_not_found)?;
            let inside = of(tx, &caller, seat, above).await?.ok_or_else(codes::team_not_found)?;
            let team = find(tx, inside.organization.id, &id.to_string()).await?;
            if sql::find_member(tx, team.id, seat.who.person).await?.is_none() {
                return Err(codes::user_is_not_a_member_of_the_team());
            }
            sql::members(tx, team.id).await
        })
        .await
}

/// Brings a member of the organization into a team; who is in it stays.
///
/// # Errors
/// 401; 400 `no_active_organization`, `user_is_not_a_member_of_the_organization`,
/// `team_not_found`; 403 `you_are_not_allowed_to_create_a_new_team_member`.
pub(super) async fn add(
    house: &IdentityApp,
    caller: &Caller,
    form: TeamSeat,
) -> Result<TeamMember> {
    house
        .change(caller, async move |work| {
            let refusal = codes::you_are_not_allowed_to_create_a_new_team_member;
            let (team, person, _) = place(work, &form, may_seat, refusal).await?;
            join(work, team, person).await?;
            let member = sql::find_member(work.tx, team, person).await?;
            member.ok_or_else(codes::user_is_not_a_member_of_the_team)
        })
        .await
}

/// Whether a place in an organization is enough to bring anybody, also oneself, into its teams:
/// everybody is a `group_user` there, which nobody gives who may do less.
pub(in crate::organizations) fn may_seat(place: &Standing) -> bool {
    place.rights.has(Right::PeopleUpdate) && people::rules::reaches(place, &Role::GroupUser.into())
}

/// Brings somebody into a team, without asking who calls; who is in it stays.
pub(in crate::organizations) async fn join(
    work: &mut Work<'_>,
    team: GroupId,
    person: PersonId,
) -> Result<()> {
    if sql::find_member(work.tx, team, person).await?.is_some() {
        return Ok(());
    }
    people::rules::admit(work, team, person, Role::GroupUser, &[]).await?;
    let metadata = Json::of(&json!({ "role": Role::GroupUser.name() }))?;
    work.announce(team, "user_joined_group", person, &metadata).await
}

/// Takes somebody out of a team.
///
/// # Errors
/// 401; 400 `no_active_organization`, `user_is_not_a_member_of_the_organization`,
/// `team_not_found`, `user_is_not_a_member_of_the_team`; 403
/// `you_are_not_allowed_to_remove_a_team_member`.
pub(super) async fn dismiss(house: &IdentityApp, caller: &Caller, form: TeamSeat) -> Result<()> {
    house
        .change(caller, async move |work| {
            let refusal = codes::you_are_not_allowed_to_remove_a_team_member;
            let may = |place: &Standing| place.rights.has(Right::PeopleDelete);
            let (team, person, user) = place(work, &form, may, refusal).await?;
            let leaves = work.me() == Some(person);
            if !people::rules::dismiss(work, team, person, leaves).await? {
                return Err(codes::user_is_not_a_member_of_the_team());
            }
            organizations::forget_active_team(work.tx, user, team).await
        })
        .await
}

/// The team and the person a form names, if the caller may decide who is in teams.
async fn place(
    work: &mut Work<'_>,
    form: &TeamSeat,
    may: fn(&Standing) -> bool,
    refusal: fn() -> Error,
) -> Result<(GroupId, PersonId, UserId)> {
    let (missing, given) = (codes::no_active_organization, form.organization_id.as_deref());
    let inside = inside(work.tx, work.caller, given, missing).await?;
    let inside = inside.ok_or_else(codes::user_is_not_a_member_of_the_organization)?;
    if !may(&inside.place) {
        return Err(refusal());
    }
    let (person, user) = member_of(work.tx, &inside, &form.user_id).await?;
    let team = find(work.tx, inside.organization.id, &form.team_id).await?;
    Ok((team.id, person, user))
}
