//! The ontology: which kinds of things, connections and events there are. The built-in ones are
//! known everywhere; a group registers further ones, which its descendants may use too. Names that
//! are neither are refused until somebody registers them.

mod definition;
pub mod model;
pub mod routes;
pub mod rules;
mod schema;
mod sql;
