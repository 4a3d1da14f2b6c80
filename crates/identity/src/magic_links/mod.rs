//! Signing in by a mailed link, in the contract of the better-auth client and in that of apps that
//! show a login page of their own (`request-link`, `verify`, `session`).
//!
//! Asking looks at no account, so known and unknown addresses are the same. Who the link is for is
//! found, or made, when it is used: that also proves the address. A browser that follows a link
//! gets a page whose button posts, since scanners follow links too; one take of the challenge
//! decides who of many is in.

mod app_routes;
mod model;
mod page;
mod routes;
mod rules;

use utoipa_axum::router::OpenApiRouter;

use crate::IdentityApp;

pub(crate) fn router() -> OpenApiRouter<IdentityApp> {
    routes::router().merge(app_routes::router())
}
