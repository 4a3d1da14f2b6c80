//! Teams: child groups that are marked as such. They have no owners of their own; whoever may make
//! groups in the organization runs them.

pub(super) mod model;
pub(super) mod routes;
pub(super) mod rules;
pub(super) mod sql;
