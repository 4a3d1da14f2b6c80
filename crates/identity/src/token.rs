//! Random tokens: 256 bits as text, stored as their SHA-256 only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::Random;
use sha2::{Digest as _, Sha256};
use types::Secret;

/// What a session token starts with.
pub(crate) const SESSION: &str = "ses_";
/// What a refresh token starts with.
pub(crate) const REFRESH: &str = "rft_";

/// A token just made: the text for its owner, the hash for the store.
pub(crate) struct Token {
    pub(crate) text: Secret<String>,
    pub(crate) hash: [u8; 32],
}

impl Token {
    /// `prefix` and 32 random bytes.
    pub(crate) fn mint(random: &Random, prefix: &str) -> Self {
        let text = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random.bytes::<32>()));
        Self { hash: sha256(&text), text: Secret::new(text) }
    }
}

pub(crate) fn sha256(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Compares secrets without telling by time where they differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(&sha256(one), &sha256(other)).is_ok()
}
