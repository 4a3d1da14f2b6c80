//! Invitations into an organization, by e-mail: one acceptance each, by the owner of the address,
//! as long as whoever invited them still may.

pub(crate) mod invite;
pub(super) mod model;
pub(super) mod routes;
pub(super) mod rules;
pub(super) mod sql;

pub(crate) use sql::delete_expired;
