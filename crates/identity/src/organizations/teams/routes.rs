//! The wires of teams.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{AuthAnswer, By, Problems, Reply};

use super::model::{
    CreateTeam, RemoveTeam, SetActiveTeam, Team, TeamMember, TeamMessage, TeamSeat, UpdateTeam,
    WhichTeam, WhoseTeams,
};
use super::rules;
use crate::IdentityApp;
use crate::organizations::invitations::model::OfOrganization;
use crate::wire::{AuthForm, AuthOptionalForm, AuthParams, translate};

pub(in crate::organizations) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(create_team))
        .routes(routes!(list_teams))
        .routes(routes!(remove_team))
        .routes(routes!(update_team))
        .routes(routes!(set_active_team))
        .routes(routes!(list_user_teams))
        .routes(routes!(list_team_members))
        .routes(routes!(add_team_member))
        .routes(routes!(remove_team_member))
}

/// Makes a team of an organization: a group in it, at first without members.
///
/// Failures are 400 `NO_ACTIVE_ORGANIZATION`, `VALIDATION_ERROR` and 403
/// `YOU_ARE_NOT_ALLOWED_TO_CREATE_TEAMS_IN_THIS_ORGANIZATION`; for who is not a member
/// `YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION`.
#[utoipa::path(
    post,
    path = "/v1/auth/organization/create-team",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = CreateTeam,
    responses((status = 200, body = Team, description = "The team."), Problems)
)]
async fn create_team(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<CreateTeam>,
) -> AuthAnswer<Reply<Team>> {
    Ok(Reply(rules::create(&house, &caller, form).await.map_err(translate)?))
}

/// The teams of an organization, oldest first, for its members.
///
/// Failures are 400 `NO_ACTIVE_ORGANIZATION` and 403
/// `YOU_ARE_NOT_ALLOWED_TO_ACCESS_THIS_ORGANIZATION`.
#[utoipa::path(
    get,
    path = "/v1/auth/organization/list-teams",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    params(OfOrganization),
    responses((status = 200, body = Vec<Team>, description = "At most a thousand."), Problems)
)]
async fn list_teams(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthParams(of): AuthParams<OfOrganization>,
) -> AuthAnswer<Reply<Vec<Team>>> {
    Ok(Reply(rules::list(&house, &caller, of.organization_id).await.map_err(translate)?))
}

/// Ends a team: its group is archived.
///
/// Failures are 400 `NO_ACTIVE_ORGANIZATION`, `TEAM_NOT_FOUND` and 403
/// `YOU_ARE_NOT_ALLOWED_TO_DELETE_TEAMS_IN_THIS_ORGANIZATION`, and
/// `YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_TEAM` for the active one.
#[utoipa::path(
    post,
    path = "/v1/auth/organization/remove-team",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = RemoveTeam,
    responses((status = 200, body = TeamMessage, description = "It is gone."), Problems)
)]
async fn remove_team(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<RemoveTeam>,
) -> AuthAnswer<Reply<TeamMessage>> {
    let (id, given) = (form.team_id, form.organization_id);
    rules::remove(&house, &caller, id, given).await.map_err(translate)?;
    Ok(Reply(TeamMessage { message: "Team removed successfully." }))
}

/// Gives a team another name.
///
/// Failures are 400 `NO_ACTIVE_ORGANIZATION`, `TEAM_NOT_FOUND`, `VALIDATION_ERROR` and 403
/// `YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_TEAM`.
#[utoipa::path(
    post,
    path = "/v1/auth/organization/update-team",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = UpdateTeam,
    responses((status = 200, body = Team, description = "As it is now."), Problems)
)]
async fn update_team(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<UpdateTeam>,
) -> AuthAnswer<Reply<Team>> {
    Ok(Reply(rules::update(&house, &caller, form).await.map_err(translate)?))
}

/// Makes a team of the active organization the active one of this session; null for none.
///
/// Failures are 400 `NO_ACTIVE_ORGANIZATION`, `TEAM_NOT_FOUND` and 403
/// `USER_IS_NOT_A_MEMBER_OF_THE_TEAM`.
#[utoipa::path(
    post,
    path = "/v1/auth/organization/set-active-team",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = SetActiveTeam,
    responses((status = 200, body = Option<Team>, description = "The active team, or `null`."), Problems)
)]
async fn set_active_team(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthOptionalForm(form): AuthOptionalForm<SetActiveTeam>,
) -> AuthAnswer<Reply<Option<Team>>> {
    Ok(Reply(rules::set_active(&house, &caller, form).await.map_err(translate)?))
}

/// The teams the caller is in, or another member for who may change members.
///
/// Failures are 400 `NO_ACTIVE_ORGANIZATION`, `USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION` and 403
/// `YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION`, `YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER`.
#[utoipa::path(
    get,
    path = "/v1/auth/organization/list-user-teams",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    params(WhoseTeams),
    responses((status = 200, body = Vec<Team>, description = "All of them."), Problems)
)]
async fn list_user_teams(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthParams(whose): AuthParams<WhoseTeams>,
) -> AuthAnswer<Reply<Vec<Team>>> {
    Ok(Reply(rules::list_of(&house, &caller, whose).await.map_err(translate)?))
}

/// Who is in a team, for whoever is in it too.
///
/// Failures are 400 `YOU_DO_NOT_HAVE_AN_ACTIVE_TEAM`, `TEAM_NOT_FOUND` and
/// `USER_IS_NOT_A_MEMBER_OF_THE_TEAM`.
#[utoipa::path(
    get,
    path = "/v1/auth/organization/list-team-members",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    params(WhichTeam),
    responses((status = 200, body = Vec<TeamMember>, description = "At most a thousand."), Problems)
)]
async fn list_team_members(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthParams(which): AuthParams<WhichTeam>,
) -> AuthAnswer<Reply<Vec<TeamMember>>> {
    Ok(Reply(rules::members(&house, &caller, which.team_id).await.map_err(translate)?))
}

/// Brings a member of the organization into a team.
///
/// Failures are 400 `NO_ACTIVE_ORGANIZATION`, `TEAM_NOT_FOUND`,
/// `USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION` and 403
/// `YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_TEAM_MEMBER`.
#[utoipa::path(
    post,
    path = "/v1/auth/organization/add-team-member",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = TeamSeat,
    responses((status = 200, body = TeamMember, description = "Who is in it now."), Problems)
)]
async fn add_team_member(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<TeamSeat>,
) -> AuthAnswer<Reply<TeamMember>> {
    Ok(Reply(rules::add(&house, &caller, form).await.map_err(translate)?))
}

/// Takes somebody out of a team.
///
/// Failures are 400 `NO_ACTIVE_ORGANIZATION`, `TEAM_NOT_FOUND`,
/// `USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION`, `USER_IS_NOT_A_MEMBER_OF_THE_TEAM` and 403
/// `YOU_ARE_NOT_ALLOWED_TO_REMOVE_A_TEAM_MEMBER`.
#[utoipa::path(
    post,
    path = "/v1/auth/organization/remove-team-member",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = TeamSeat,
    responses((status = 200, body = TeamMessage, description = "They are out."), Problems)
)]
async fn remove_team_member(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<TeamSeat>,
) -> AuthAnswer<Reply<TeamMessage>> {
    rules::dismiss(&house, &caller, form).await.map_err(translate)?;
    Ok(Reply(TeamMessage { message: "Team member removed successfully." }))
}
