//! What somebody likes: theme, language and time zone, for whatever shows them something. Nobody
//! else reads them.

mod check;
pub mod model;
pub mod routes;
pub mod rules;
mod sql;
