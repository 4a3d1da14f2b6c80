//! The wires of invitations.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{AuthAnswer, By, Problems, Reply};

use super::model::{
    AnsweredInvitation, InvitationById, InviteMember, ListedInvitation, OfOrganization,
    OrganizationInvitation, ReceivedInvitation, TheInvitation,
};
use super::rules;
use crate::IdentityApp;
use crate::wire::{AuthForm, AuthParams, translate};

pub(in crate::organizations) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(invite_organization_member))
        .routes(routes!(cancel_organization_invitation))
        .routes(routes!(accept_organization_invitation))
        .routes(routes!(reject_organization_invitation))
        .routes(routes!(get_organization_invitation))
        .routes(routes!(list_organization_invitations))
        .routes(routes!(list_user_invitations))
}

/// Invites an address into an organization, by e-mail.
///
/// Whether there is an account with it makes no difference. Failures are 400
/// `ORGANIZATION_NOT_FOUND`, `MEMBER_NOT_FOUND` for who is not a member, `INVALID_EMAIL`,
/// `ROLE_NOT_FOUND`, `TEAM_NOT_FOUND`, `USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION`,
/// `USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION` (unless `resend`), 403
/// `YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION`,
/// `YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE`, `INVITATION_LIMIT_REACHED`, and 429.
#[utoipa::path(
    post,
    path = "/v1/auth/organization/invite-member",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = InviteMember,
    responses((status = 200, body = OrganizationInvitation, description = "The invitation."), Problems)
)]
async fn invite_organization_member(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<InviteMember>,
) -> AuthAnswer<Reply<OrganizationInvitation>> {
    Ok(Reply(rules::invite(&house, &caller, form).await.map_err(translate)?))
}

/// Takes an open invitation back.
///
/// Failures are 400 `INVITATION_NOT_FOUND` and 403
/// `YOU_ARE_NOT_ALLOWED_TO_CANCEL_THIS_INVITATION`.
#[utoipa::path(
    post,
    path = "/v1/auth/organization/cancel-invitation",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = TheInvitation,
    responses((status = 200, body = OrganizationInvitation, description = "As it is now."), Problems)
)]
async fn cancel_organization_invitation(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<TheInvitation>,
) -> AuthAnswer<Reply<OrganizationInvitation>> {
    Ok(Reply(rules::cancel(&house, &caller, form.invitation_id).await.map_err(translate)?))
}

/// Accepts an invitation to the caller's own, proven address.
///
/// It works once, as long as whoever invited still may. Failures are 400 `INVITATION_NOT_FOUND`,
/// `INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION`,
/// `USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION` and 403
/// `YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION`,
/// `EMAIL_VERIFICATION_REQUIRED_BEFORE_ACCEPTING_OR_REJECTING_INVITATION`.
#[utoipa::path(
    post,
    path = "/v1/auth/organization/accept-invitation",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = TheInvitation,
    responses((status = 200, body = AnsweredInvitation, description = "The invitation and the new member."), Problems)
)]
async fn accept_organization_invitation(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<TheInvitation>,
) -> AuthAnswer<Reply<AnsweredInvitation>> {
    Ok(Reply(rules::accept(&house, &caller, form.invitation_id).await.map_err(translate)?))
}

/// Turns an invitation to the caller's own, proven address down.
///
/// Failures are as of accepting.
#[utoipa::path(
    post,
    path = "/v1/auth/organization/reject-invitation",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = TheInvitation,
    responses((status = 200, body = AnsweredInvitation, description = "The invitation, and no member."), Problems)
)]
async fn reject_organization_invitation(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<TheInvitation>,
) -> AuthAnswer<Reply<AnsweredInvitation>> {
    Ok(Reply(rules::reject(&house, &caller, form.invitation_id).await.map_err(translate)?))
}

/// An open invitation, for whoever is invited.
///
/// Failures are 400 `INVITATION_NOT_FOUND`,
/// `INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION` and 403
/// `YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION`, `EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION`.
#[utoipa::path(
    get,
    path = "/v1/auth/organization/get-invitation",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    params(InvitationById),
    responses((status = 200, body = ReceivedInvitation, description = "The invitation."), Problems)
)]
async fn get_organization_invitation(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthParams(which): AuthParams<InvitationById>,
) -> AuthAnswer<Reply<ReceivedInvitation>> {
    Ok(Reply(rules::get(&house, &caller, which.id).await.map_err(translate)?))
}

/// The invitations of an organization, newest first, for who may invite.
///
/// Failures are 400 `NO_ACTIVE_ORGANIZATION` and 403
/// `YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION`,
/// `YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION`.
#[utoipa::path(
    get,
    path = "/v1/auth/organization/list-invitations",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    params(OfOrganization),
    responses((status = 200, body = Vec<OrganizationInvitation>, description = "At most a thousand."), Problems)
)]
async fn list_organization_invitations(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthParams(of): AuthParams<OfOrganization>,
) -> AuthAnswer<Reply<Vec<OrganizationInvitation>>> {
    Ok(Reply(rules::list(&house, &caller, of.organization_id).await.map_err(translate)?))
}

/// The open invitations to the caller's own address, newest first.
///
/// Who has not verified it is refused: 403 `EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION`.
#[utoipa::path(
    get,
    path = "/v1/auth/organization/list-user-invitations",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    responses((status = 200, body = Vec<ListedInvitation>, description = "At most a thousand."), Problems)
)]
async fn list_user_invitations(
    State(house): State<IdentityApp>,
    By(caller): By,
) -> AuthAnswer<Reply<Vec<ListedInvitation>>> {
    Ok(Reply(rules::list_mine(&house, &caller).await.map_err(translate)?))
}
