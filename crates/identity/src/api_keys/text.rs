//! The text of a key.

use kernel::Random;
use sha2::{Digest as _, Sha256};

/// What every key starts with.
pub(crate) const PREFIX: &str = "gsk_";
/// 43 letters of 62 hold 256 bits.
const SECRET: usize = 43;
const CHECKSUM: usize = 6;
/// Letters of a key that are kept, so that people recognise it.
const START: usize = 10;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A new key.
pub(super) fn make(random: &Random) -> String {
    let mut text = String::with_capacity(PREFIX.len() + SECRET + CHECKSUM);
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
    text
}

/// The letters of a key that may be shown.
pub(super) fn start(key: &str) -> &str {
    key.get(..START).unwrap_or(key)
}

/// Whether a text can be a key of ours.
pub(crate) fn is_well_formed(key: &str) -> bool {
    if key.len() != PREFIX.len() + SECRET + CHECKSUM || !key.starts_with(PREFIX) {
        return false;
    }
    let Some((body, end)) = key.split_at_checked(PREFIX.len() + SECRET) else { return false };
    checksum(body) == end
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
