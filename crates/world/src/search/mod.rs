//! Search: words in things and knowledge, ranked, within what the caller may see.
//!
//! The index follows the event log ([`follow`]), a moment behind the store; what is found is read
//! from the store itself, so nothing is shown that was removed or hidden meanwhile.

mod facets;
mod follow;
pub mod model;
pub mod rules;
mod sql;
pub(crate) mod text;

pub use follow::follow;

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
