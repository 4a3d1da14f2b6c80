//! Roles beside the four of the ontology: `admin`, which every group has, and those a group defines
//! for itself by naming permissions.
//!
//! Who holds one has its permissions instead of those of a built-in role, and the rank of a member.
//! Nobody defines, changes or gives a role with permissions they lack; what changes in a role holds
//! for whoever has it with their next request.

pub mod model;
pub mod routes;
pub mod rules;
mod sql;
