//! What goes wrong under the real server, and a judge of what it makes of it.
//!
//! A [`House`] is the binary over a store of its own. A [`Load`] writes into it from several sides
//! and keeps a [`Ledger`]: what it sent, and what it was answered. Then something goes wrong: a
//! `kill -9`, a call of the system that fails or takes its time ([`Injection`]), a clock that jumps
//! ([`FakeClock`]), a PostgreSQL that goes away ([`Cluster`]). [`judge`] compares what is there
//! afterwards with the ledger: every write that was acknowledged, none of them twice or by half,
//! each with its events.

mod client;
mod clock;
mod deed;
mod house;
mod judge;
mod ledger;
mod load;
mod machine;
mod older;
mod postgres;
mod process;
mod random;
mod settle;
mod strace;

pub use client::{Answer, Client};
pub use clock::FakeClock;
pub use deed::Deed;
pub use house::House;
pub use judge::{Judgement, judge};
pub use ledger::{Ledger, Outcome, Written};
pub use load::{Counts, Load, WRITERS};
pub use machine::{is_full, rounds, tell};
pub use older::Older;
pub use postgres::{Cluster, Engine, postgres};
pub use random::Random;
pub use settle::settle;
pub use strace::{Injection, strace};
