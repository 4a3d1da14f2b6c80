//! API keys: a program speaks for the person who made its key, in one group, with at most the
//! rights the key was given and at most those the person has when it is used.
//!
//! A key is `gsk_`, 43 letters (256 bits) and 6 letters of checksum, behind a prefix of its
//! maker's choice; it is shown once and stored as its SHA-256. The checksum lets us — and scanners
//! for leaked secrets — tell keys from noise. Those in somebody's personal group are theirs alone,
//! those in another group belong to it: `/v1/api-keys` and the better-auth client's `api-key`
//! calls show the same rows.

mod change;
mod client_model;
mod client_routes;
mod client_rules;
mod model;
mod routes;
mod rules;
mod spend;
pub(crate) mod sql;
mod terms;
mod text;

use utoipa_axum::router::OpenApiRouter;

pub(crate) use rules::revoke_of;
pub(crate) use spend::{Uses, note, spend};
pub(crate) use text::{is_meant, is_well_formed};

use crate::IdentityApp;

pub(crate) fn router() -> OpenApiRouter<IdentityApp> {
    routes::router().merge(client_routes::router())
}
