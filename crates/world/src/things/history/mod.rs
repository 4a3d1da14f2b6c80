//! What a thing was before: every change keeps the fields it touched, as they were and as they
//! became, so that earlier versions can be read and brought back. Values of hidden properties are
//! never kept, and what happened while a thing was private to others stays theirs.

pub(super) mod difference;
pub mod model;
pub mod routes;
pub mod rules;
pub(crate) mod sql;
