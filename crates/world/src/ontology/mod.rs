//! The ontology: which kinds of things, connections and events there are. The built-in ones are
//! known everywhere; a group registers further ones, which its descendants may use too. Names that
//! are neither are refused until somebody registers them.

mod bounds;
mod components;
mod definition;
pub mod kind;
pub mod model;
pub mod prepare;
mod refit;
pub mod register;
pub mod routes;
pub mod rules;
mod schema;
mod shape;
mod sql;
mod type_routes;
mod typescript;
mod violation;
