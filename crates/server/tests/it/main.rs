//! Front-door tests: they start the real binary and talk to it over HTTP, on each engine, as the
//! people of the [`stage`].

mod architecture;
mod command_line;
mod crash;
mod edge;
mod engines;
mod people;
mod process;
mod stage;
mod standing;
mod start;
