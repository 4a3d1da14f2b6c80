//! The wire of metrics.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, header};
use types::Error;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Problem};

use super::fill;
use crate::Ops;

/// The text format of Prometheus.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The route of this feature.
pub fn router() -> OpenApiRouter<Ops> {
    OpenApiRouter::new().routes(routes!(get_metrics))
}

/// Metrics
///
/// In the text format of Prometheus, for whoever sends the token of the setting `ops.metrics_token`
/// as a bearer token. Without that setting there are none.
#[utoipa::path(get, path = "/metrics", tag = "operations", operation_id = "get_metrics",
    security(("metricsToken" = [])),
    responses(
        (status = 200, description = "All metrics", content_type = "text/plain", body = String),
        (status = 401, description = "No token, or not this one", body = Problem),
        (status = 404, description = "There is no token, so there are no metrics", body = Problem)))]
async fn get_metrics(State(ops): State<Ops>, headers: HeaderMap) -> Answer<Response> {
    let Some(given) = headers.get(header::AUTHORIZATION) else {
        return Err(Error::unauthenticated().into());
    };
    let given = given.to_str().ok();
    let given = given.and_then(|value| value.strip_prefix("Bearer "));
    match ops.watch.admits(given) {
        None => Err(Error::not_found().into()),
        Some(false) => Err(Error::unauthenticated().into()),
        Some(true) => {
            let seen = ops.watch.look(&ops).await;
            let page = fill::page(&ops, &seen);
            Ok(([(header::CONTENT_TYPE, TEXT)], page).into_response())
        }
    }
}
