//! Webhooks out: an endpoint per purpose, events as they happen, signed, until they are answered.
//!
//! `rules` keep endpoints, `log` shows and repeats what was sent. [`run`] does the work: `dispatch`
//! follows the event log and makes each event that an endpoint asks for a delivery, `sender` sends
//! what is due, `attempt` is one request, `schedule` decides what its outcome means. The deliveries
//! are the queue: taken with a lease, by endpoint, so that one that hangs holds up only itself, and
//! in turns, by owner, so that nobody's groups hold up those of others.

mod attempt;
mod dispatch;
mod log;
mod log_routes;
mod log_sql;
mod model;
mod outbox;
mod queue_sql;
mod routes;
mod rules;
mod schedule;
mod secret;
mod sender;
mod sql;
mod state;
mod wants;

pub(crate) use log_routes::router as delivery_router;
pub(crate) use routes::router;
pub(crate) use rules::person;
pub use sender::run;
pub(crate) use sql::{dead, sweep, sweep_dead};
pub(crate) use state::speaker;
