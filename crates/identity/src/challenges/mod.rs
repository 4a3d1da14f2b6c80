//! Everything that is good for one use: links, codes, states and challenges.
//!
//! Issuing one stores a keyed hash of its token and what it is for; taking one deletes the row in
//! the same statement that reads it, so of many who try at once exactly one succeeds.

mod model;
mod rules;
mod sql;

pub(crate) use model::{Purpose, Taken};
pub(crate) use rules::{
    count_try, has_live, is_expired, issue, issue_as, issue_hashed, look, remember, revoke_of,
    revoke_since, take,
};
pub(crate) use sql::delete_expired;
