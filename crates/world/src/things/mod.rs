//! Things: typed objects with free-form properties, owned by somebody, kept in a group.
//!
//! Content of every façade is a thing, so policy, events, search and export apply to all of it.
//! DELETE archives; only an owner removes for good. A private thing is seen by its owner and by
//! owners of the group; what hangs on it (events, connections, knowledge) follows its visibility.

pub mod aggregate;
pub(crate) mod change;
pub(crate) mod content;
pub mod expand;
mod filtered;
mod gathered;
pub mod graph;
pub mod history;
pub(crate) mod many;
pub mod model;
mod others;
mod patch;
pub mod query;
mod related;
pub mod routes;
pub mod row;
pub mod rules;
pub(crate) mod sql;
mod statement;
mod way;
