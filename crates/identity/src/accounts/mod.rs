//! Accounts: a login, the person it speaks for, and their private group.
//!
//! Two surfaces lead to the same rules: the better-auth client's (`/sign-up/email`,
//! `/sign-in/email`, …; cookie and opaque token) and the token pair (`/signup`, `/signin`, …; access
//! and refresh token). Known and unknown addresses cost the same work: see [`rules::sign_in`],
//! [`sign_up::unseen`] and [`letter_requests`]. What a letter's link does is done by a POST; opening
//! it changes nothing.

mod address;
mod deletion;
mod deletion_routes;
mod deletion_sql;
mod email_change;
mod email_routes;
mod forms;
mod home;
mod landing;
mod letter_requests;
mod model;
mod pair_routes;
mod password_change;
mod password_reset;
mod password_routes;
mod profile;
mod profile_routes;
mod proof;
mod reverting;
mod reverting_sql;
mod routes;
mod rules;
mod sign_up;
mod sql;
mod verification;

use utoipa_axum::router::OpenApiRouter;

pub(crate) use address::normalized;
pub(crate) use deletion::{Ending, may_end, remove, subject};
pub(crate) use home::make as make_home;
pub(crate) use letter_requests::{LETTER_REQUEST, answer_letter_request};
pub(crate) use model::{Account, NewAccount, SignedUp, Success};
pub(crate) use password_change::prove;
pub(crate) use proof::prove_address;
pub(crate) use rules::{
    Prepared, check_profile, create, create_without_password, name_of, prepare, vouch, wrong,
};
pub(crate) use sql::{by_any_id, by_email, is_taken, view};
pub(crate) use verification::prove_by_code;

use crate::IdentityApp;

pub(crate) fn router() -> OpenApiRouter<IdentityApp> {
    routes::router()
        .merge(email_routes::router())
        .merge(password_routes::router())
        .merge(profile_routes::router())
        .merge(deletion_routes::router())
        .merge(pair_routes::router())
}
