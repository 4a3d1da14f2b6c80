//! Front-door tests: they start the real binary and talk to it over HTTP, on each engine, as the
//! people of the [`stage`].

// All of this is a test; clippy only knows functions that say so.
#![expect(
    clippy::cloned_ref_to_slice_refs,
    clippy::type_complexity,
    clippy::unused_async,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test a failure is the report"
)]

mod access;
mod acme;
mod architecture;
mod audit;
mod backup;
mod bad_input;
mod believed;
mod better_auth;
mod bodies;
mod clean_ups;
mod clients;
mod command_line;
mod command_line_user;
mod compact;
mod crash;
mod crowded;
mod edge;
mod engines;
mod erasure;
mod full_disk;
mod identity;
mod integrations;
mod jobs;
mod keys;
mod live;
mod notifications;
mod oauth;
mod observability;
mod people;
mod process;
mod rehearsals;
mod stage;
mod standing;
mod start;
mod store;
mod tls;
mod transfer;
mod wall;
mod world;
