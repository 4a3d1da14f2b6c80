//! The text of a key.

use kernel::Random;
use sha2::{Digest as _, Sha256};

/// What every key starts with, after the prefix of its maker's choice.
const PREFIX: &str = "gsk_";
/// 43 letters of 62 hold 256 bits.
const SECRET: usize = 43;
const CHECKSUM: usize = 6;
const LENGTH: usize = PREFIX.len() + SECRET + CHECKSUM;
/// Letters of a prefix at most.
pub(super) const OWN_PREFIX_MAX: usize = 32;
/// Letters of a key that are kept, so that people recognise it.
const START: usize = 10;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A new key behind a prefix, which may be empty.
pub(super) fn make(random: &Random, own_prefix: &str) -> String {
    let mut text = String::with_capacity(LENGTH);
    text.push_str(PREFIX);
    while text.len() < PREFIX.len() + SECRET {
        // 248 is the largest multiple of 62 in a byte: what is above would favour some letters.
        let letters = random.bytes::<32>().into_iter().filter(|byte| *byte < 248);
        for byte in letters.take(PREFIX.len() + SECRET - text.len()) {
            text.push(char::from(ALPHABET[usize::from(byte % 62)]));
        }
    }
    let checksum = checksum(&text);
    text.push_str(&checksum);
    format!("{own_prefix}{text}")
}

/// The letters of a key that may be shown.
pub(super) fn start(key: &str) -> &str {
    key.get(..key.len().saturating_sub(LENGTH) + START).unwrap_or(key)
}

/// Whether a prefix is made of letters that a prefix may have.
pub(super) fn is_prefix(text: &str) -> bool {
    text.len() <= OWN_PREFIX_MAX
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// The key without the prefix of its maker's choice.
fn own(key: &str) -> Option<&str> {
    let (own_prefix, key) = key.split_at_checked(key.len().checked_sub(LENGTH)?)?;
    (is_prefix(own_prefix) && key.starts_with(PREFIX)).then_some(key)
}

/// Whether a text looks like a key of ours and not like another credential.
pub(crate) fn is_meant(key: &str) -> bool {
    own(key).is_some()
}

/// Whether a text can be a key of ours.
pub(crate) fn is_well_formed(key: &str) -> bool {
    own(key)
        .and_then(|key| key.split_at_checked(PREFIX.len() + SECRET))
        .is_some_and(|(body, end)| checksum(body) == end)
}

fn checksum(body: &str) -> String {
    let digest = Sha256::digest(body.as_bytes());
    let mut number =
        digest.iter().take(8).fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
    (0..CHECKSUM)
        .map(|_| {
            let letter = ALPHABET[usize::try_from(number % 62).unwrap_or(0)];
            number /= 62;
            char::from(letter)
        })
        .collect()
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
