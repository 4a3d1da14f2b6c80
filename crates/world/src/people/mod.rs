//! People: member records, and what each is in which group. A user is a login; a person may have
//! one, or be a record that a group keeps about somebody.
//!
//! A person has a role and extra permissions per group. Nobody grants more than they have, and a
//! group never loses its last owner.

mod called;
mod change;
pub(crate) mod check;
mod lookup;
mod members;
pub mod model;
pub mod routes;
pub mod rules;
mod sql;
pub(crate) mod table;
