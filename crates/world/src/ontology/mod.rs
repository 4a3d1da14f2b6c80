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

use types::{Json, Result};

/// The definition of a type in the one form it is stored in, for `tests/parsers` to hold it against
/// what must hold.
///
/// # Errors
/// 422 with the places that are wrong.
#[doc(hidden)]
pub fn read_definition(dimension: model::Dimension, name: &str, definition: &Json) -> Result<Json> {
    definition::read(dimension, name, definition)
}
