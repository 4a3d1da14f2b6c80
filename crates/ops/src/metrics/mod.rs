//! What the house counts of itself, for Prometheus: `GET /metrics`.
//!
//! `families` is the list of all there is, which the documentation is held to; `page` writes the
//! text; `process` asks the kernel of this machine. Nobody reads them without the token of the
//! settings, and without one they are not there.

pub(crate) mod families;
mod fill;
mod page;
pub(crate) mod process;
pub mod routes;

pub use self::families::{ALL, Family, table};
