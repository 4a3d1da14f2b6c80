//! The wires of accounts: list, make, see, change, delete, import.

use std::io::Cursor;

use axum::Extension;
use axum::extract::{Request, State};
use http::{StatusCode, Uri, header};
use types::{Page, UserId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;
use web::{
    Answer, Body, BodyLimit, By, Created, Listed, PageParams, Paged, Params, Path, Problems, Reply,
};

use super::import::{self, Options};
use super::model::{ImportParams, ImportReport, NewUser, UserChange, UserFilter, UserRecord};
use super::rules;
use crate::IdentityApp;

/// Bytes of an import over HTTP.
const IMPORT_BYTES: usize = 8 << 20;
/// Lines of it, and those with a plain password: a request has an end.
const IMPORT_LINES: u64 = 10_000;
const IMPORT_PASSWORDS: u64 = 200;

pub(super) fn router() -> OpenApiRouter<IdentityApp> {
    let import = OpenApiRouter::new()
        .routes(routes!(import_users))
        .layer(Extension(BodyLimit(IMPORT_BYTES)));
    OpenApiRouter::new()
        .routes(routes!(list_users, create_user))
        .routes(routes!(get_user, change_user, remove_user))
        .merge(import)
}

/// A cursor fits the list it came from only.
fn scope(filter: &UserFilter) -> String {
    format!("users {:?} {:?} {:?}", filter.q, filter.banned, filter.sort)
}

/// All accounts, for owners of the platform.
#[utoipa::path(
    get,
    path = "/v1/users",
    tag = "users",
    security(("bearer" = []), ("session" = [])),
    params(UserFilter, PageParams),
    responses((status = 200, body = Page<UserRecord>, description = "A page of accounts."),
        Problems)
)]
async fn list_users(
    State(house): State<IdentityApp>,
    By(caller): By,
    uri: Uri,
    Paged { filter, limit, cursor }: Paged<UserFilter>,
) -> Answer<Listed<UserRecord>> {
    let (cursors, scope) = (&house.parts.cursors, scope(&filter));
    let after = match cursor {
        None => None,
        Some(cursor) => Uuid::from_slice(&cursors.open(&scope, &cursor)?).ok(),
    };
    let mut data = rules::list(&house, &caller, filter, after, limit).await?;
    let has_more = data.len() > limit.rows();
    data.truncate(limit.rows());
    let last = data.last().filter(|_| has_more);
    let next_cursor = last.map(|last| cursors.seal(&scope, last.id.0.as_bytes()));
    Ok(Listed(Page { data, next_cursor, has_more }, uri))
}

/// Makes an account for somebody.
///
/// With a password it can sign in at once; without one, a letter with a link to set it goes to
/// the address. 409 `user_already_exists`; 422 as at sign-up.
#[utoipa::path(
    post,
    path = "/v1/users",
    tag = "users",
    security(("bearer" = []), ("session" = [])),
    request_body = NewUser,
    responses(
        (status = 201, body = UserRecord, description = "The account.",
         headers(("location" = String, description = "Where it lives."))),
        Problems
    )
)]
async fn create_user(
    State(house): State<IdentityApp>,
    By(caller): By,
    Body(new): Body<NewUser>,
) -> Answer<Created<UserRecord>> {
    let body = rules::create(&house, &caller, new).await?;
    Ok(Created { location: format!("/v1/users/{}", body.id), version: None, body })
}

/// One account.
#[utoipa::path(
    get,
    path = "/v1/users/{id}",
    tag = "users",
    security(("bearer" = []), ("session" = [])),
    params(("id" = UserId, Path, description = "Its id.")),
    responses((status = 200, body = UserRecord, description = "The account."), Problems)
)]
async fn get_user(
    State(house): State<IdentityApp>,
    By(caller): By,
    Path(id): Path<UserId>,
) -> Answer<Reply<UserRecord>> {
    Ok(Reply(rules::find(&house, &caller, id).await?))
}

/// Changes name and standing of an account; what is not sent stays.
#[utoipa::path(
    patch,
    path = "/v1/users/{id}",
    tag = "users",
    security(("bearer" = []), ("session" = [])),
    params(("id" = UserId, Path, description = "Its id.")),
    request_body = UserChange,
    responses((status = 200, body = UserRecord, description = "As it is now."), Problems)
)]
async fn change_user(
    State(house): State<IdentityApp>,
    By(caller): By,
    Path(id): Path<UserId>,
    Body(change): Body<UserChange>,
) -> Answer<Reply<UserRecord>> {
    Ok(Reply(rules::change(&house, &caller, id, change).await?))
}

/// Deletes an account, as its owner would. One's own: 409 `own_account`.
///
/// The session must be fresh: 403 `session_not_fresh`.
#[utoipa::path(
    delete,
    path = "/v1/users/{id}",
    tag = "users",
    security(("bearer" = []), ("session" = [])),
    params(("id" = UserId, Path, description = "Its id.")),
    responses((status = 204, description = "It is gone."), Problems)
)]
async fn remove_user(
    State(house): State<IdentityApp>,
    By(caller): By,
    Path(id): Path<UserId>,
) -> Answer<StatusCode> {
    rules::delete(&house, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes accounts of NDJSON, one a line, as `sixfold user import` does.
///
/// A line that is wrong is told by its number and stops nothing; one whose address has an account
/// counts as `exists`. At most 8 MiB, 10,000 lines, and 200 lines with a plain password. The
/// session must be fresh: 403 `session_not_fresh`.
#[utoipa::path(
    post,
    path = "/v1/users/import",
    tag = "users",
    security(("bearer" = []), ("session" = [])),
    params(ImportParams),
    request_body(content = String, content_type = "application/x-ndjson",
        example = "{\"email\":\"ada@example.com\",\"name\":\"Ada\",\"emailVerified\":true}\n"),
    responses((status = 200, body = ImportReport, description = "What became of each line."),
        Problems)
)]
async fn import_users(
    State(house): State<IdentityApp>,
    By(caller): By,
    Params(params): Params<ImportParams>,
    request: Request,
) -> Answer<Reply<ImportReport>> {
    // Who may not import is told before a body is read.
    import::may(&house, &caller)?;
    import::check_type(request.headers().get(header::CONTENT_TYPE))?;
    let body = web::read_body(request).await?;
    let options = Options {
        dry_run: params.dry_run,
        max_lines: Some(IMPORT_LINES),
        max_passwords: Some(IMPORT_PASSWORDS),
    };
    let mut results = Vec::new();
    let told = |line| results.push(line);
    let summary = import::import(&house, &caller, Cursor::new(body), options, told).await?;
    Ok(Reply(ImportReport { summary, results }))
}
