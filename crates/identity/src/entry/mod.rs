//! The one door: whoever has proven who they are — by password, link, provider or passkey — comes
//! in here, unless they are banned or a second factor is still awaited.

mod answer;
mod rules;
mod sql;

pub(crate) use answer::{cookies, entered, renewed, session_cookie, signed_in, trusted_cookie};
pub(crate) use rules::{Entered, Entry, Pending, Way, begin, complete, enter};
