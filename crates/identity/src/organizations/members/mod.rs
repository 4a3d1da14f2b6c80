//! Members of an organization: who belongs to it and as what.

pub(super) mod model;
pub(super) mod routes;
pub(super) mod rules;
pub(super) mod sql;
