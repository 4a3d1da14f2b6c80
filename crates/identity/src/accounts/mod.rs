//! Accounts: a login, the person it speaks for, and their private group.
//!
//! Two surfaces lead to the same rules: the better-auth client's (`/sign-up/email`,
//! `/sign-in/email`, `/sign-out`, `/get-session`; cookie and opaque token) and the token pair
//! (`/signup`, `/signin`, `/refresh`, `/signout`; access and refresh token). Known and unknown
//! addresses cost the same work.

mod callback;
mod home;
mod model;
mod pair_routes;
mod routes;
mod rules;
mod sql;

use utoipa_axum::router::OpenApiRouter;

pub(crate) use model::{Account, NewAccount, SignedUp};
pub(crate) use routes::signed_in;
pub(crate) use rules::{Prepared, begin, create, prepare};

use crate::IdentityApp;

pub(crate) fn router() -> OpenApiRouter<IdentityApp> {
    routes::router().merge(pair_routes::router())
}
