//! The keys that sign access tokens: published as a JWKS, rotated with overlap.
//!
//! The first one is `signing.key`; its successors are rows, sealed by the vault. A new key is
//! published at once, signs a while later, so that whoever keeps a copy of the set knows it in
//! time, and the one before it stays published until the last token it signed has expired. Every
//! node looks for changes at most a second late ([`refresh`]), so no request ever has to.

mod model;
mod ring;
mod routes;
mod rules;
mod sql;

pub use model::{SigningKey, SigningKeyState};
pub(crate) use ring::{Ring, TOKEN_TYPE};
pub(crate) use routes::router;
pub(crate) use rules::refresh;
pub use rules::{list, ready, retire, root_key_rotated, rotate};
