//! What is read of addresses and hashes, for `tests/parsers` to hold it against what must hold.

use types::Result;

use crate::IdentityApp;

/// Whether a browser may be sent there after signing in.
#[must_use]
pub fn is_callback(house: &IdentityApp, url: &str) -> bool {
    house.check_callback(Some(url)).is_ok()
}

/// Takes the hash of a password as imports bring it.
///
/// # Errors
/// 422 `unknown_hash` or `hash_too_costly`.
pub fn password_hash(house: &IdentityApp, hash: &str) -> Result<()> {
    house.parts.passwords.check_stored(hash)
}
