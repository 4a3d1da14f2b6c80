//! The roof: the binary `sixfold`. Reads settings, opens the house, puts the rooms together and
//! lets people in; and the command line, which does the same without a door.
//!
//! `house.rs` is the one place that names the rooms. A new room is a line there.

mod acme;
mod alias;
mod backups;
mod cli;
mod config;
mod exit;
mod health;
mod house;
mod landing;
mod log;
mod memory;
mod setup_page;
mod start;

pub use cli::run;
