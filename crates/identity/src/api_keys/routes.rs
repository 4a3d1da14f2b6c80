//! The wires of API keys.

use axum::extract::State;
use http::{StatusCode, Uri};
use types::{ApiKeyId, Page};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;
use web::{
    Answer, Body, By, Created, Listed, OptionalBody, PageParams, Paged, Path, Problems, Reply,
};

use super::model::{ApiKey, ApiKeyChange, ApiKeyFilter, CreatedApiKey, NewApiKey, RotateApiKey};
use super::{change, rules};
use crate::IdentityApp;

pub(crate) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(create_api_key, list_api_keys))
        .routes(routes!(get_api_key, change_api_key, revoke_api_key))
        .routes(routes!(rotate_api_key))
}

/// A cursor fits the list it came from only.
fn scope(filter: &ApiKeyFilter) -> String {
    let group = filter.group_id.map(|group| group.to_string()).unwrap_or_default();
    format!("api-keys {group} {:?}", filter.sort)
}

/// Makes an API key and shows it, this once.
///
/// The key speaks for whoever made it, in one group, with the given permissions as long as its
/// maker has them. An API key cannot make API keys.
#[utoipa::path(
    post,
    path = "/v1/api-keys",
    tag = "api keys",
    request_body = NewApiKey,
    responses(
        (status = 201, body = CreatedApiKey, description = "The key; keep it now.",
         headers(("location" = String, description = "Where the key's record lives."))),
        Problems
    )
)]
async fn create_api_key(
    State(house): State<IdentityApp>,
    By(caller): By,
    Body(new): Body<NewApiKey>,
) -> Answer<Created<CreatedApiKey>> {
    let body = rules::create(&house, &caller, new).await?;
    Ok(Created { location: format!("/v1/api-keys/{}", body.record.id), version: None, body })
}

/// The API keys of a group, without the keys themselves.
#[utoipa::path(
    get,
    path = "/v1/api-keys",
    tag = "api keys",
    params(ApiKeyFilter, PageParams),
    responses((status = 200, body = Page<ApiKey>, description = "A page of keys."), Problems)
)]
async fn list_api_keys(
    State(house): State<IdentityApp>,
    By(caller): By,
    uri: Uri,
    Paged { filter, limit, cursor }: Paged<ApiKeyFilter>,
) -> Answer<Listed<ApiKey>> {
    let (cursors, scope) = (&house.parts.cursors, scope(&filter));
    let after = match cursor {
        None => None,
        Some(cursor) => Uuid::from_slice(&cursors.open(&scope, &cursor)?).ok(),
    };
    let mut data = rules::list(&house, &caller, &filter, after, limit).await?;
    let has_more = data.len() > limit.rows();
    data.truncate(limit.rows());
    let last = data.last().filter(|_| has_more);
    let next_cursor = last.map(|last| cursors.seal(&scope, last.id.0.as_bytes()));
    Ok(Listed(Page { data, next_cursor, has_more }, uri))
}

/// An API key, without the key itself.
#[utoipa::path(
    get,
    path = "/v1/api-keys/{id}",
    tag = "api keys",
    params(("id" = ApiKeyId, Path, description = "The key's id, not the key.")),
    responses((status = 200, body = ApiKey, description = "The key."), Problems)
)]
async fn get_api_key(
    State(house): State<IdentityApp>,
    By(caller): By,
    Path(id): Path<ApiKeyId>,
) -> Answer<Reply<ApiKey>> {
    Ok(Reply(rules::find(&house, &caller, id).await?))
}

/// Changes an API key; what is absent stays, null takes it away. An API key cannot change any.
#[utoipa::path(
    patch,
    path = "/v1/api-keys/{id}",
    tag = "api keys",
    params(("id" = ApiKeyId, Path, description = "The key's id, not the key.")),
    request_body = ApiKeyChange,
    responses((status = 200, body = ApiKey, description = "The key."), Problems)
)]
async fn change_api_key(
    State(house): State<IdentityApp>,
    By(caller): By,
    Path(id): Path<ApiKeyId>,
    Body(form): Body<ApiKeyChange>,
) -> Answer<Reply<ApiKey>> {
    Ok(Reply(change::change(&house, &caller, id, form).await?))
}

/// Gives an API key another text and shows it, this once.
///
/// The old one stays good for `graceHours`, so that programs can be changed one after the other;
/// rotating again ends it. Only who made a key may rotate it.
#[utoipa::path(
    post,
    path = "/v1/api-keys/{id}/rotate",
    tag = "api keys",
    params(("id" = ApiKeyId, Path, description = "The key's id, not the key.")),
    request_body = Option<RotateApiKey>,
    responses((status = 200, body = CreatedApiKey, description = "The new key."), Problems)
)]
async fn rotate_api_key(
    State(house): State<IdentityApp>,
    By(caller): By,
    Path(id): Path<ApiKeyId>,
    OptionalBody(form): OptionalBody<RotateApiKey>,
) -> Answer<Reply<CreatedApiKey>> {
    Ok(Reply(change::rotate(&house, &caller, id, form.grace_hours).await?))
}

/// Ends an API key at once. Ending it again changes nothing.
#[utoipa::path(
    delete,
    path = "/v1/api-keys/{id}",
    tag = "api keys",
    params(("id" = ApiKeyId, Path, description = "The key's id, not the key.")),
    responses((status = 204, description = "It can no longer be used."), Problems)
)]
async fn revoke_api_key(
    State(house): State<IdentityApp>,
    By(caller): By,
    Path(id): Path<ApiKeyId>,
) -> Answer<StatusCode> {
    rules::revoke(&house, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
