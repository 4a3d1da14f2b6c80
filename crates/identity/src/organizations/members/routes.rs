//! The wires of members.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{AuthAnswer, By, Problems, Reply};

use super::model::{
    HasPermission, MemberFilter, MemberRole, OrganizationMember, OrganizationMembers, Permitted,
    RemoveMember, RemovedMember, UpdateMemberRole, WhoseRole,
};
use super::rules;
use crate::IdentityApp;
use crate::organizations::model::TheOrganization;
use crate::wire::{AuthForm, AuthParams, translate};

pub(in crate::organizations) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(remove_organization_member))
        .routes(routes!(update_organization_member_role))
        .routes(routes!(leave_organization))
        .routes(routes!(list_organization_members))
        .routes(routes!(get_active_member))
        .routes(routes!(get_active_member_role))
        .routes(routes!(has_organization_permission))
}

/// Takes a member out of an organization and its teams.
///
/// Failures are 400 `NO_ACTIVE_ORGANIZATION`, `MEMBER_NOT_FOUND`,
/// `YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER` and 401
/// `YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_MEMBER`.
#[utoipa::path(
    post,
    path = "/v1/auth/organization/remove-member",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = RemoveMember,
    responses((status = 200, body = RemovedMember, description = "Who they were."), Problems)
)]
async fn remove_organization_member(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<RemoveMember>,
) -> AuthAnswer<Reply<RemovedMember>> {
    let (whom, given) = (form.member_id_or_email, form.organization_id);
    let member = rules::remove(&house, &caller, whom, given).await.map_err(translate)?;
    Ok(Reply(RemovedMember { member }))
}

/// Gives a member another role, not above the caller's own.
///
/// Failures are 400 `NO_ACTIVE_ORGANIZATION`, `MEMBER_NOT_FOUND`, `ROLE_NOT_FOUND`,
/// `YOU_CANNOT_LEAVE_THE_ORGANIZATION_WITHOUT_AN_OWNER` and 403
/// `YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER`.
#[utoipa::path(
    post,
    path = "/v1/auth/organization/update-member-role",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = UpdateMemberRole,
    responses((status = 200, body = OrganizationMember, description = "As they are now."), Problems)
)]
async fn update_organization_member_role(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<UpdateMemberRole>,
) -> AuthAnswer<Reply<OrganizationMember>> {
    Ok(Reply(rules::update_role(&house, &caller, form).await.map_err(translate)?))
}

/// Leaves an organization and its teams.
///
/// Failures are 400 `MEMBER_NOT_FOUND` and
/// `YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER`.
#[utoipa::path(
    post,
    path = "/v1/auth/organization/leave",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = TheOrganization,
    responses((status = 200, body = OrganizationMember, description = "What the caller was."), Problems)
)]
async fn leave_organization(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<TheOrganization>,
) -> AuthAnswer<Reply<OrganizationMember>> {
    Ok(Reply(rules::leave(&house, &caller, form.organization_id).await.map_err(translate)?))
}

/// Members of an organization; for who may not read people, only themselves.
///
/// Failures are 400 `NO_ACTIVE_ORGANIZATION`, `ORGANIZATION_NOT_FOUND` for a slug and 403
/// `YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION`.
#[utoipa::path(
    get,
    path = "/v1/auth/organization/list-members",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    params(MemberFilter),
    responses((status = 200, body = OrganizationMembers, description = "A page of members."), Problems)
)]
async fn list_organization_members(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthParams(filter): AuthParams<MemberFilter>,
) -> AuthAnswer<Reply<OrganizationMembers>> {
    Ok(Reply(rules::list(&house, &caller, filter).await.map_err(translate)?))
}

/// What the caller is in the active organization; 400 `NO_ACTIVE_ORGANIZATION` without one.
#[utoipa::path(
    get,
    path = "/v1/auth/organization/get-active-member",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    responses((status = 200, body = OrganizationMember, description = "The caller as a member."), Problems)
)]
async fn get_active_member(
    State(house): State<IdentityApp>,
    By(caller): By,
) -> AuthAnswer<Reply<OrganizationMember>> {
    Ok(Reply(rules::mine(&house, &caller).await.map_err(translate)?))
}

/// The role of the caller, or of another member, in an organization.
///
/// Failures are 400 `NO_ACTIVE_ORGANIZATION`, `ORGANIZATION_NOT_FOUND` for a slug and 403
/// `YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION`.
#[utoipa::path(
    get,
    path = "/v1/auth/organization/get-active-member-role",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    params(WhoseRole),
    responses((status = 200, body = MemberRole, description = "The role."), Problems)
)]
async fn get_active_member_role(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthParams(whose): AuthParams<WhoseRole>,
) -> AuthAnswer<Reply<MemberRole>> {
    Ok(Reply(rules::role(&house, &caller, whose).await.map_err(translate)?))
}

/// Whether the caller may do all of something in an organization.
///
/// Failures are 400 `NO_ACTIVE_ORGANIZATION` and 401
/// `USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION`.
#[utoipa::path(
    post,
    path = "/v1/auth/organization/has-permission",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = HasPermission,
    responses((status = 200, body = Permitted, description = "Whether they may."), Problems)
)]
async fn has_organization_permission(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<HasPermission>,
) -> AuthAnswer<Reply<Permitted>> {
    let success = rules::has_permission(&house, &caller, form).await.map_err(translate)?;
    Ok(Reply(Permitted { error: None, success }))
}
