//! The better-auth client's calls about API keys.

use axum::extract::State;
use types::{Checks, Error, ErrorKind};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{AuthAnswer, AuthFailure, By, Problems, Reply};

use super::client_model::{
    CreateApiKey, DeleteApiKey, GetApiKey, ListApiKeys, Made, Shown, ShownKeys, UpdateApiKey,
};
use super::client_rules::{find, key_change, new_key, no_key, refused};
use super::{change, client_rules, rules};
use crate::IdentityApp;
use crate::sessions;
use crate::wire::{AuthForm, AuthParams, translate};

pub(super) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(auth_create_api_key))
        .routes(routes!(auth_get_api_key))
        .routes(routes!(auth_update_api_key))
        .routes(routes!(auth_delete_api_key))
        .routes(routes!(auth_list_api_keys))
}

/// About one key: what may not be known is not there.
fn told(error: Error) -> AuthFailure {
    match error.kind() {
        ErrorKind::NotFound => translate(no_key()),
        _ => translate(error),
    }
}

/// About a group's keys.
fn told_of_group(error: Error) -> AuthFailure {
    let (code, message) = match (error.kind(), error.code()) {
        (ErrorKind::NotFound, _) => (
            "user_not_member_of_organization",
            "You are not a member of the organization that owns this API key.",
        ),
        (ErrorKind::Forbidden, "forbidden") => (
            "insufficient_api_key_permissions",
            "You do not have permission to perform this action on organization API keys.",
        ),
        _ => return translate(error),
    };
    translate(refused(ErrorKind::Forbidden, code, message))
}

/// Makes an API key and shows it, this once: for oneself, or for a group.
///
/// Failures are 400 `INVALID_NAME_LENGTH`, `INVALID_PREFIX_LENGTH`, `EXPIRES_IN_IS_TOO_SMALL`,
/// `EXPIRES_IN_IS_TOO_LARGE`, `INVALID_REMAINING`, `METADATA_DISABLED`, 401 `UNAUTHORIZED_SESSION`
/// and 403 `USER_NOT_MEMBER_OF_ORGANIZATION`, `INSUFFICIENT_API_KEY_PERMISSIONS`.
#[utoipa::path(
    post,
    path = "/v1/auth/api-key/create",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = CreateApiKey,
    responses((status = 200, body = Made, description = "The key; keep it now."), Problems)
)]
async fn auth_create_api_key(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<CreateApiKey>,
) -> AuthAnswer<Reply<Made>> {
    sessions::present(&caller).map_err(translate)?;
    let new = new_key(&house, form).map_err(translate)?;
    let made = rules::create_named(&house, &caller, new, Checks::new()).await;
    let made = made.map_err(told_of_group)?;
    Ok(Reply(Made { record: Shown::new(made.record, &caller), key: made.key }))
}

/// One API key; 404 `KEY_NOT_FOUND`.
#[utoipa::path(
    get,
    path = "/v1/auth/api-key/get",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    params(GetApiKey),
    responses((status = 200, body = Shown, description = "The key."), Problems)
)]
async fn auth_get_api_key(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthParams(query): AuthParams<GetApiKey>,
) -> AuthAnswer<Reply<Shown>> {
    sessions::present(&caller).map_err(translate)?;
    let key = find(&house, &caller, &query.id).await.map_err(told)?;
    Ok(Reply(Shown::new(key, &caller)))
}

/// Changes an API key; 404 `KEY_NOT_FOUND`, 400 `NO_VALUES_TO_UPDATE`.
#[utoipa::path(
    post,
    path = "/v1/auth/api-key/update",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = UpdateApiKey,
    responses((status = 200, body = Shown, description = "The key."), Problems)
)]
async fn auth_update_api_key(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<UpdateApiKey>,
) -> AuthAnswer<Reply<Shown>> {
    sessions::present(&caller).map_err(translate)?;
    let key = find(&house, &caller, &form.key_id).await.map_err(told)?;
    let id = key.id;
    let change = key_change(&house, &caller, &key, form).map_err(translate)?;
    let key = change::change(&house, &caller, id, change).await.map_err(told)?;
    Ok(Reply(Shown::new(key, &caller)))
}

/// Ends an API key at once; 404 `KEY_NOT_FOUND`.
#[utoipa::path(
    post,
    path = "/v1/auth/api-key/delete",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    request_body = DeleteApiKey,
    responses(
        (status = 200, body = crate::accounts::Success, description = "It can no longer be used.",
         example = json!({ "success": true })),
        Problems
    )
)]
async fn auth_delete_api_key(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthForm(form): AuthForm<DeleteApiKey>,
) -> AuthAnswer<Reply<crate::accounts::Success>> {
    sessions::present(&caller).map_err(translate)?;
    let id = find(&house, &caller, &form.key_id).await.map_err(told)?.id;
    rules::revoke(&house, &caller, id).await.map_err(told)?;
    Ok(Reply(crate::accounts::Success { success: true }))
}

/// One's own API keys, or those of a group.
#[utoipa::path(
    get,
    path = "/v1/auth/api-key/list",
    tag = "auth",
    security(("bearer" = []), ("session" = [])),
    params(ListApiKeys),
    responses((status = 200, body = ShownKeys, description = "The keys."), Problems)
)]
async fn auth_list_api_keys(
    State(house): State<IdentityApp>,
    By(caller): By,
    AuthParams(query): AuthParams<ListApiKeys>,
) -> AuthAnswer<Reply<ShownKeys>> {
    let keys = rules::owned(&house, &caller, query.organization_id).await;
    let keys = keys.map_err(told_of_group)?;
    let total = keys.len();
    let page = client_rules::page(keys, &query).into_iter();
    let api_keys = page.map(|key| Shown::new(key, &caller)).collect();
    Ok(Reply(ShownKeys { api_keys, total, limit: query.limit, offset: query.offset }))
}
