//! Front-door tests: they start the real binary and talk to it over HTTP, on each engine, as the
//! people of the [`stage`].

// All of this is a test; clippy only knows functions that say so.
#![expect(clippy::expect_used, clippy::panic, reason = "in a test a failure is the report")]

mod architecture;
mod bodies;
mod command_line;
mod crash;
mod edge;
mod engines;
mod people;
mod process;
mod stage;
mod standing;
mod start;
