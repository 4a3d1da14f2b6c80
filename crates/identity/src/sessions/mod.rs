//! Sessions: signed-in devices, and everything that proves to be one.
//!
//! A session is a row. Its opaque token (`ses_…`, also the cookie's value) or its pair of access
//! token (a signed JWT that names the session) and refresh token (`rft_…`) are good as long as the
//! row is: ending a session ends every token of it with the next request. Only hashes are stored.
//! [`authenticate`] is in front of every route; [`identify`](lookup::identify) answers from
//! [`kernel::Identities`] and looks into the store only for what it has not seen lately.

mod access_token;
mod authenticate;
mod budget;
mod clean_up;
mod device;
mod fresh;
mod leave;
mod lookup;
mod model;
mod own;
mod refresh;
mod routes;
mod rules;
mod sql;

pub(crate) use access_token::AccessTokens;
pub use authenticate::{authenticate, who_sent};
pub(crate) use clean_up::jobs;
pub(crate) use device::Device;
pub(crate) use fresh::{Present, fresh, not_impersonating, present};
pub(crate) use leave::{end_by_refresh, leave};
pub(crate) use lookup::identify;
pub(crate) use model::{Login, Minted, NextToken, Session, Surface};
pub(crate) use refresh::refresh;
pub(crate) use routes::router;
pub(crate) use rules::{end_all, find, open, renew};
pub(crate) use sql::view;
