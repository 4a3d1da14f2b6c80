//! The one filter language: what a list query, a subscription or a rule asks of an object, e.g.
//! `type == "course" && properties.price <= 100 && (status == "published" || ownerId == me)`.
//!
//! It is a checked subset of [CEL](https://cel.dev). [`Filter::parse`] bounds the text (`scan`),
//! has it parsed by the `cel` crate and checks it against a [`Schema`] (`check`); what comes out
//! is a small tree of its own (`tree`). That tree is SQL on both engines ([`Filter::condition`])
//! and a predicate in memory ([`Filter::matches`]), and a property test holds the three to the
//! same answer. The guide is `docs/filter.md`.

mod check;
mod filter;
mod literal;
mod memory;
mod scan;
mod schema;
mod sql;
mod tree;

pub use database::seams::compare::JsonPath;
pub use filter::{Filter, Given};
pub use memory::{Row, Value};
pub use schema::{Field, FieldKind, Schema};
pub use tree::{Literal, Op, Subject, Test};
