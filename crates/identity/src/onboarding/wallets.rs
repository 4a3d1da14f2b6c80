//! Addresses of wallets (EIP-55): their letters in mixed case are a checksum.

use sha3::{Digest as _, Keccak256};
use types::Checks;

/// Checks that it is `0x` and 40 hexadecimal digits, and where some are capital and others not,
/// that they are those the checksum wants: one wrong digit is not somebody else's wallet.
pub(super) fn check(checks: &mut Checks, address: &str) {
    let digits = address.strip_prefix("0x").unwrap_or_default();
    let fits = digits.len() == 40 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    checks
        .that(fits, "/address", "invalid_address", "must be `0x` and 40 hexadecimal digits.")
        .that(
            !fits || holds(digits),
            "/address",
            "wrong_checksum",
            "has a mistake: its capital letters are not those of its checksum (EIP-55). Copy it \
             again, or write it in small letters.",
        );
}

fn holds(digits: &str) -> bool {
    let small = digits.to_ascii_lowercase();
    if digits == small || digits == digits.to_ascii_uppercase() {
        return true;
    }
    let hash = Keccak256::digest(small.as_bytes());
    let halves = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.bytes().zip(halves).all(|(digit, half)| {
        !digit.is_ascii_alphabetic() || digit.is_ascii_uppercase() == (half >= 8)
    })
}

#[cfg(test)]
#[path = "wallets_tests.rs"]
mod tests;
