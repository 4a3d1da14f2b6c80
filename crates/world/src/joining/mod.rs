//! How one comes into a group by oneself: into an open one at once, into others by asking.
//!
//! A request is answered once, by whoever may add people. Who was let in is a `group_user` unless
//! the answer names another role; who walked in is a `customer`, since nobody looked at them.

pub mod model;
pub mod routes;
pub mod rules;
mod sql;
