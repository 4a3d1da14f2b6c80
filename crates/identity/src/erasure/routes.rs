//! The wires of erasure.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use kernel::erasure::Export;
use types::{Result, UserId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, By, OptionalBody, Path, Problems, Reply, unfolding};

use super::model::{EraseUser, UserErasure};
use super::rules;
use crate::IdentityApp;

pub(crate) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .routes(routes!(export_me))
        .routes(routes!(export_user))
        .routes(routes!(erase_user))
}

/// Everything that is held about whoever is signed in.
///
/// One object a line, and what it is in `kind`. No secrets: nothing of it opens anything. The last
/// line is `{"kind":"end","rows":n}`; an export that fails on its way breaks the connection. The
/// session must be fresh: 403 `session_not_fresh`.
#[utoipa::path(
    get,
    path = "/v1/people/me/export",
    tag = "people",
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 200, description = "One object a line.", content(
            (String = "application/x-ndjson")), headers(("content-disposition" = String))),
        Problems
    )
)]
async fn export_me(State(house): State<IdentityApp>, By(caller): By) -> Answer<Response> {
    Ok(sent(rules::export_own(&house, &caller).await?)?)
}

/// Everything that is held about somebody, for owners of the platform.
///
/// As `GET /v1/people/me/export`. The session must be fresh: 403 `session_not_fresh`.
#[utoipa::path(
    get,
    path = "/v1/users/{id}/export",
    tag = "users",
    security(("bearer" = []), ("session" = [])),
    params(("id" = UserId, Path, description = "Its id.")),
    responses(
        (status = 200, description = "One object a line.", content(
            (String = "application/x-ndjson")), headers(("content-disposition" = String))),
        Problems
    )
)]
async fn export_user(
    State(house): State<IdentityApp>,
    By(caller): By,
    Path(id): Path<UserId>,
) -> Answer<Response> {
    Ok(sent(rules::export(&house, &caller, id).await?)?)
}

/// Deletes an account, and has its person erased at once.
///
/// What was theirs alone goes for good, and what names them elsewhere; what they own in groups of
/// others stays, unless `contents` is `delete`. A job does it; `person_erased` in the log of the
/// platform tells when it is done. An account that was deleted before is erased now instead of
/// later. One's own: 409 `own_account`; 409 `only_owner` as for deleting. The session must be
/// fresh: 403 `session_not_fresh`.
#[utoipa::path(
    post,
    path = "/v1/users/{id}/erase",
    tag = "users",
    security(("bearer" = []), ("session" = [])),
    params(("id" = UserId, Path, description = "Its id.")),
    request_body = Option<EraseUser>,
    responses((status = 202, body = UserErasure, description = "It is on its way."), Problems)
)]
async fn erase_user(
    State(house): State<IdentityApp>,
    By(caller): By,
    Path(id): Path<UserId>,
    OptionalBody(form): OptionalBody<EraseUser>,
) -> Answer<(StatusCode, Reply<UserErasure>)> {
    let contents = form.contents;
    let person_id = rules::erase(&house, &caller, id, contents).await?;
    Ok((StatusCode::ACCEPTED, Reply(UserErasure { person_id, contents })))
}

/// An export as an answer, a page at a time as the reader takes it.
fn sent(export: Export) -> Result<Response> {
    let pieces = futures_util::stream::try_unfold(export, async |mut export| {
        let piece = export.next().await.map_err(|error| {
            tracing::warn!(?error, "an export of a person broke off");
            std::io::Error::other("the export broke off")
        })?;
        Ok::<_, std::io::Error>(piece.map(|piece| (piece, export)))
    });
    let mut response = Response::new(unfolding(Body::from_stream(pieces)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    let name = HeaderValue::from_static("attachment; filename=\"person.ndjson\"");
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}
