//! Events: what happened, in the order it was committed. Every change writes its own; groups may
//! record further ones of a known type.
//!
//! An event about a private object is seen by whoever could see the object when it happened: what
//! members have seen stays in their log. Nothing changes or deletes an event except retention.

pub mod model;
pub mod routes;
pub mod rules;
mod sql;
mod told;

pub use self::told::{Part, Told, told};
