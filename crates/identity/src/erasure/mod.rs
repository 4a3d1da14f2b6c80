//! Telling people what is held about them, and erasing them: by themselves as far as it is their
//! account, by owners of the platform for everybody.
//!
//! What is told and what is removed is registered by each room ([`kernel::erasure`]); `held` is this
//! room's. An account that ends leaves the job that erases its person some time later; owners can
//! have it at once.

mod held;
mod model;
mod routes;
mod rules;

pub use held::erasing;
pub(crate) use routes::router;
pub(crate) use rules::{Whom, erase_somebody, look_for, may_be_erased, tell_somebody};
