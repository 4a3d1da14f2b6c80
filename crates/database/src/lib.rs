//! One SQL, two engines.
//!
//! [`Db`] opens `sqlite://PATH` or `postgres://…`; code above it never asks which one it is.
//! [`Db::bound`] and [`Db::unbound`] say how far a transaction may reach: there is no third way in.
//! [`Store::write`] is one transaction, durable when it returns; [`Store::read`] is one snapshot.
//! Both take an async closure over a [`Tx`] that may await nothing but its transaction: on SQLite it
//! is polled once, on a database thread; on PostgreSQL it may be run again after a serialization
//! failure. What differs between the engines lives in [`seams`] and nowhere else.

mod db;
mod failure;
pub mod file;
mod load;
mod migrate;
mod part;
mod postgres;
mod reach;
mod row;
pub mod seams;
mod settings;
mod sql;
mod sqlite;
mod traced;
mod tx;
mod value;
mod waits;
mod watch;

pub use db::{Db, Engine, Store};
pub use failure::TOO_LONG;
pub use load::{Load, Sizes};
pub use migrate::{Applied, State as MigrationState};
pub use part::Answer;
pub use reach::Reach;
pub use row::{Column, Row};
pub use settings::Settings;
pub use sql::Sql;
pub use tx::Tx;
pub use value::Value;
pub use waits::Waits;
