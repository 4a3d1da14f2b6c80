//! Webhooks in: an address for each program that calls, and what becomes of its calls.
//!
//! `rules` keep receivers, `intake` takes a call: who it is from is proven by `verify` over the
//! bytes as they came, the same message counts once, and what it says becomes an event, or a thing
//! by a job (`jobs`), on behalf of whoever set the receiver up.

mod intake;
mod jobs;
mod model;
mod routes;
mod rules;
mod sql;
mod verify;

pub(crate) use jobs::jobs;
pub use model::Signature;
pub(crate) use routes::router;
pub(crate) use sql::sweep;
pub use verify::{Proven, verify};
