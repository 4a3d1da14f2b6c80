//! What codes look like. No I/O.

use aws_lc_rs::hmac;
use kernel::{Keys, Random};
use totp_rs::{Builder, Totp};
use types::{Error, Result, Time, UserId};

/// RFC 4226 recommends 160 bits.
pub(super) const SEED_BYTES: usize = 20;
/// How many backup codes somebody has.
pub(super) const BACKUP_CODES: usize = 10;
/// Letters that are not mistaken for each other; 32 of them, so each says five bits.
const LETTERS: &[u8; 32] = b"23456789abcdefghjkmnpqrstuvwxyz0";
/// Ten letters: 50 bits.
const LENGTH: usize = 10;
/// Nobody types more.
const MAX_TYPED: usize = 64;

/// Six digits each 30 seconds by SHA-1: what every authenticator app can do.
fn totp(seed: &[u8], issuer: &str, account: &str) -> Result<Totp> {
    // A colon separates issuer and account in the address.
    let plain = |text: &str| text.replace(':', " ").trim().to_owned();
    Builder::new()
        .with_secret(seed.to_vec())
        .with_issuer(Some(plain(issuer)))
        .with_account_name(plain(account))
        .build()
        .map_err(|error| Error::internal(error.to_string()))
}

/// The address an authenticator app reads from a picture.
pub(super) fn totp_uri(seed: &[u8], issuer: &str, account: &str) -> Result<String> {
    let totp = totp(seed, issuer, account)?;
    totp.to_url().map_err(|error| Error::internal(error.to_string()))
}

/// The time step whose code this is, one step early or late at most.
pub(super) fn matching_step(seed: &[u8], code: &str, now: Time) -> Result<Option<i64>> {
    let code: String = code.chars().take(MAX_TYPED).filter(|c| !c.is_whitespace()).collect();
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    let seconds = u64::try_from(now.seconds()).unwrap_or(0);
    let step = totp(seed, "", "")?.check(&code, seconds);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// Six digits for a letter.
pub(crate) fn email_code(random: &Random) -> String {
    // The remainder favours small numbers by less than one part in 10^13.
    format!("{:06}", u64::from_le_bytes(random.bytes()) % 1_000_000)
}

/// A code as somebody typed it, for comparing.
pub(crate) fn typed(code: &str) -> String {
    code.chars().take(MAX_TYPED).filter(|c| !c.is_whitespace()).collect()
}

/// Ten new backup codes, like `k3m9x-7pq2r`.
pub(super) fn backup_codes(random: &Random) -> Vec<String> {
    let one = || {
        let letters: String = random
            .bytes::<LENGTH>()
            .iter()
            .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
            .collect();
        let (left, right) = letters.split_at(LENGTH / 2);
        format!("{left}-{right}")
    };
    std::iter::repeat_with(one).take(BACKUP_CODES).collect()
}

/// What is stored of a backup code: an HMAC-SHA-256 of whose it is and its letters.
pub(super) fn backup_hash(keys: &Keys, user: UserId, code: &str) -> [u8; 32] {
    let letters: String = typed(code).to_lowercase().chars().filter(|c| *c != '-').collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &keys.derive("backup codes v1"));
    let mut text = user.0.as_bytes().to_vec();
    text.extend_from_slice(letters.as_bytes());
    let mut hash = [0; 32];
    hash.copy_from_slice(hmac::sign(&key, &text).as_ref());
    hash
}

#[cfg(test)]
#[path = "codes_tests.rs"]
mod tests;
