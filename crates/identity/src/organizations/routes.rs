//! The wires of organizations.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{AuthAnswer, By, Problems, Reply};

use super::model::{
    CheckSlug, CreateOrganization, CreatedOrganization, FullOrganization, Organization,
    SetActiveOrganization, SlugIsFree, TheOrganization, UpdateOrganization, WhichFullOrganization,
    WhichOrganization,
};
use super::rules;
use crate::IdentityApp;
use crate::wire::{AuthForm, AuthOptionalForm, AuthParams, translate};

pub(super) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(create_organization))
        .routes(routes!(update_organization))
        .routes(routes!(delete_organization))
        .routes(routes!(set_active_organization))
        .routes(routes!(get_organization))
        .routes(routes!(get_full_organization))
        .routes(routes!(list_organizations))
        .routes(routes!(check_organization_slug))
}

/// Makes an organization: a group whose owner is the caller.
///
/// It becomes the active one of this session, unless `keepCurrentActiveOrganization` says otherwise.
/// Failures are 400 `ORGANIZATION_ALREADY_EXISTS` for a slug that is taken, 400 `VALIDATION_ERROR` and
/// 403 `YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_ORGANIZATION` for the `userId` of somebody else.
#[utoipa::path(
    post,
    path = "/v1/auth/organization/create",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = CreateOrganization,
    responses((status = 200, body = CreatedOrganization, description = "The organization with its one member."), Problems)
)]
async fn create_organization(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<CreateOrganization>,
) -> AuthAnswer<Reply<CreatedOrganization>> {
    Ok(Reply(rules::create(&house, &caller, form).await.map_err(translate)?))
}

/// Changes name, slug, logo or metadata of an organization.
///
/// Metadata is replaced as a whole. Failures are 400 `ORGANIZATION_NOT_FOUND`,
/// `USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION`, `ORGANIZATION_SLUG_ALREADY_TAKEN`,
/// `VALIDATION_ERROR` and 403 `YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_ORGANIZATION`.
#[utoipa::path(
    post,
    path = "/v1/auth/organization/update",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = UpdateOrganization,
    responses((status = 200, body = Organization, description = "As it is now."), Problems)
)]
async fn update_organization(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<UpdateOrganization>,
) -> AuthAnswer<Reply<Organization>> {
    let (given, data) = (form.organization_id, form.data);
    Ok(Reply(rules::update(&house, &caller, given, data).await.map_err(translate)?))
}

/// Ends an organization: it is archived with everything below it.
///
/// Failures are 400 `USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION` and 403
/// `YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_ORGANIZATION`.
#[utoipa::path(
    post,
    path = "/v1/auth/organization/delete",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = TheOrganization,
    responses((status = 200, body = Organization, description = "What it was."), Problems)
)]
async fn delete_organization(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<TheOrganization>,
) -> AuthAnswer<Reply<Organization>> {
    Ok(Reply(rules::delete(&house, &caller, form.organization_id).await.map_err(translate)?))
}

/// Makes an organization the active one of this session; null for none.
///
/// Failures are 400 `ORGANIZATION_NOT_FOUND` for a slug and 403
/// `USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION` for an id that is none of the caller's.
#[utoipa::path(
    post,
    path = "/v1/auth/organization/set-active",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = SetActiveOrganization,
    responses((status = 200, body = Option<Organization>, description = "The active organization, or `null`."), Problems)
)]
async fn set_active_organization(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthOptionalForm(form): AuthOptionalForm<SetActiveOrganization>,
) -> AuthAnswer<Reply<Option<Organization>>> {
    Ok(Reply(rules::set_active(&house, &caller, form).await.map_err(translate)?))
}

/// One organization of the caller; `null` when none is named and none is active.
///
/// For one that is not theirs, 400 `ORGANIZATION_NOT_FOUND`.
#[utoipa::path(
    get,
    path = "/v1/auth/organization/get-organization",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    params(WhichOrganization),
    responses((status = 200, body = Option<Organization>, description = "The organization, or `null`."), Problems)
)]
async fn get_organization(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthParams(which): AuthParams<WhichOrganization>,
) -> AuthAnswer<Reply<Option<Organization>>> {
    Ok(Reply(rules::get(&house, &caller, which).await.map_err(translate)?))
}

/// The same with members, invitations and teams, as far as the caller may see them.
#[utoipa::path(
    get,
    path = "/v1/auth/organization/get-full-organization",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    params(WhichFullOrganization),
    responses((status = 200, body = Option<FullOrganization>, description = "The organization, or `null`."), Problems)
)]
async fn get_full_organization(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthParams(which): AuthParams<WhichFullOrganization>,
) -> AuthAnswer<Reply<Option<FullOrganization>>> {
    Ok(Reply(rules::get_full(&house, &caller, which).await.map_err(translate)?))
}

/// The organizations the caller belongs to, oldest first.
#[utoipa::path(
    get,
    path = "/v1/auth/organization/list",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    responses((status = 200, body = Vec<Organization>, description = "All of them."), Problems)
)]
async fn list_organizations(
    State(house): State<IdentityApp>,
    By(caller): By,
) -> AuthAnswer<Reply<Vec<Organization>>> {
    Ok(Reply(rules::list(&house, &caller).await.map_err(translate)?))
}

/// Whether a slug is free; 400 `ORGANIZATION_SLUG_ALREADY_TAKEN` when it is not.
#[utoipa::path(
    post,
    path = "/v1/auth/organization/check-slug",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = CheckSlug,
    responses((status = 200, body = SlugIsFree, description = "It is free."), Problems)
)]
async fn check_organization_slug(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<CheckSlug>,
) -> AuthAnswer<Reply<SlugIsFree>> {
    rules::check_slug(&house, &caller, form.slug).await.map_err(translate)?;
    Ok(Reply(SlugIsFree { status: true }))
}
