//! Organizations of the better-auth client: groups by another name. Members are memberships, teams
//! are child groups, `owner`, `admin` and `member` are roles; policy, events and the tree are those
//! of the world, only wire shapes, invitations and the active organization live here.
//!
//! Every group one is a member of is an organization, except the personal group, the platform's
//! own, teams, and what is archived. For whoever is not a member there is none.

mod codes;
mod invitations;
mod members;
mod model;
mod routes;
mod rules;
mod seat;
mod sql;
mod teams;

pub(crate) use invitations::delete_expired;
pub(crate) use invitations::invite::invite;
pub(crate) use invitations::model::InviteMember;
pub(crate) use members::model::RoleNames;
use utoipa_axum::router::OpenApiRouter;

use crate::IdentityApp;

pub(crate) fn router() -> OpenApiRouter<IdentityApp> {
    OpenApiRouter::new()
        .merge(routes::router())
        .merge(members::routes::router())
        .merge(invitations::routes::router())
        .merge(teams::routes::router())
}
