//! The way in: the steps of somebody new, in any order, and how far they have come.
//!
//! Each step calls the rule that is there for what it does — proving an address, a person's record,
//! a group, invitations, labels — and notes that it was taken. Only the wallet is kept here.

mod address;
mod model;
mod routes;
mod rules;
mod sql;
mod steps;
mod wallets;

pub(crate) use routes::router;
