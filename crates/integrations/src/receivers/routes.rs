//! The wires of receivers.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use http::{StatusCode, Uri};
use types::{Page, ReceiverId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{
    Answer, Body, BodyLimit, By, ClientAddr, Created, Listed, PageParams, Paged, Path, Problems,
    Reply, read_body,
};

use super::intake::{self, Call};
use super::model::{
    CreatedReceiver, Intake, NewReceiver, Receiver, ReceiverChange, ReceiverFilter,
};
use super::rules;
use crate::Integrations;

/// Bytes of a call.
const MAX_BODY: usize = 256 << 10;

pub(crate) fn router() -> OpenApiRouter<Integrations> {
    OpenApiRouter::new()
        .routes(routes!(create_receiver, list_receivers))
        .routes(routes!(get_receiver, update_receiver, delete_receiver))
        .merge(OpenApiRouter::new().routes(routes!(receive)).layer(Extension(BodyLimit(MAX_BODY))))
}

/// Make a receiver
///
/// From now on calls to its path that are signed with its secret become events of the group, or
/// things. For whoever may change the group, and record events or make things in it.
#[utoipa::path(post, path = "/v1/receivers", tag = "receivers", operation_id = "create_receiver",
    request_body = NewReceiver,
    responses(
        (status = 201, body = CreatedReceiver, description = "The receiver and its secret.",
         headers(("location" = String, description = "Where the receiver lives."))),
        Problems))]
async fn create_receiver(
    State(house): State<Integrations>,
    By(caller): By,
    Body(new): Body<NewReceiver>,
) -> Answer<Created<CreatedReceiver>> {
    let body = rules::create(&house, &caller, new).await?;
    Ok(Created { location: format!("/v1/receivers/{}", body.receiver.id), version: None, body })
}

/// List the receivers of a group
///
/// Newest first, for whoever may change the group.
#[utoipa::path(get, path = "/v1/receivers", tag = "receivers", operation_id = "list_receivers",
    params(ReceiverFilter, PageParams),
    responses(
        (status = 200, body = Page<Receiver>, description = "A page of receivers."), Problems))]
async fn list_receivers(
    State(house): State<Integrations>,
    By(caller): By,
    uri: Uri,
    Paged { filter, limit, cursor }: Paged<ReceiverFilter>,
) -> Answer<Listed<Receiver>> {
    let scope = format!("receivers {:?}", filter.group_id);
    let after = house.after(&scope, cursor.as_deref())?;
    let rows = rules::list(&house, &caller, &filter, after, limit).await?;
    Ok(house.page(uri, &scope, limit, rows, |one| one.id.0))
}

/// Get a receiver
#[utoipa::path(get, path = "/v1/receivers/{id}", tag = "receivers", operation_id = "get_receiver",
    params(("id" = ReceiverId, Path, description = "The receiver")),
    responses((status = 200, body = Receiver, description = "The receiver."), Problems))]
async fn get_receiver(
    State(house): State<Integrations>,
    By(caller): By,
    Path(id): Path<ReceiverId>,
) -> Answer<Reply<Receiver>> {
    Ok(Reply(rules::get(&house, &caller, id).await?))
}

/// Change a receiver
///
/// A merge patch. From then on it speaks for whoever changed it.
#[utoipa::path(patch, path = "/v1/receivers/{id}", tag = "receivers",
    operation_id = "update_receiver",
    params(("id" = ReceiverId, Path, description = "The receiver")),
    request_body = ReceiverChange,
    responses((status = 200, body = Receiver, description = "As it is now."), Problems))]
async fn update_receiver(
    State(house): State<Integrations>,
    By(caller): By,
    Path(id): Path<ReceiverId>,
    Body(change): Body<ReceiverChange>,
) -> Answer<Reply<Receiver>> {
    Ok(Reply(rules::update(&house, &caller, id, change).await?))
}

/// End a receiver
#[utoipa::path(delete, path = "/v1/receivers/{id}", tag = "receivers",
    operation_id = "delete_receiver",
    params(("id" = ReceiverId, Path, description = "The receiver")),
    responses((status = 204, description = "Calls to it are refused."), Problems))]
async fn delete_receiver(
    State(house): State<Integrations>,
    By(caller): By,
    Path(id): Path<ReceiverId>,
) -> Answer<StatusCode> {
    rules::delete(&house, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take a call
///
/// For other programs: the body is a JSON object of at most 256 KiB, signed as the receiver asks
/// for. The same message counts once, however often it comes; 60 wrong signatures a minute are
/// taken from one address, and 600 good calls for one receiver.
#[utoipa::path(post, path = "/v1/receivers/{id}/in", tag = "receivers", operation_id = "receive",
    security(()),
    params(("id" = ReceiverId, Path, description = "The receiver")),
    request_body(content = types::Json, description = "What the other program says."),
    responses((status = 200, body = Intake, description = "It is an event now, or a job that makes a thing."), Problems))]
async fn receive(
    State(house): State<Integrations>,
    By(caller): By,
    from: ClientAddr,
    Path(id): Path<ReceiverId>,
    request: Request,
) -> Answer<Reply<Intake>> {
    let headers = request.headers().clone();
    let body = read_body(request).await?.to_vec();
    let request_id = Arc::from(caller.request_id());
    let call = Call { from: from.limit_key(), request_id, headers, body };
    Ok(Reply(intake::take(&house, id, call).await?))
}
