//! Who a call is from: its signature over the bytes as they came, and what names the message.

use std::time::Duration;

use http::HeaderMap;
use sha2::{Digest as _, Sha256};
use types::Time;

use super::model::Signature;
use crate::sign;

/// How far the other program's clock may be off.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);
/// How long a message is remembered whose time is signed: its sender tries again for so long with
/// the same id, and counts on that being one message.
const REMEMBERED: Duration = Duration::from_secs(4 * 24 * 3_600);
/// Bytes of a header that are read.
const HEADER: usize = 4_096;
/// Signatures of one header that are compared.
const SIGNATURES: usize = 16;

/// A call that is from whom it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// What names the message; none, where nothing does.
    pub(super) message: Option<[u8; 32]>,
    /// How long it must be remembered.
    pub(super) remembered: Duration,
}

/// The key that calls are signed with, from the secret's text.
pub(super) fn key(signature: Signature, secret: &str) -> Option<Vec<u8>> {
    match signature {
        Signature::Standard => sign::key_of(secret).filter(|key| (16..=64).contains(&key.len())),
        _ => (16..=512).contains(&secret.len()).then(|| secret.as_bytes().to_vec()),
    }
}

/// Whether a call is from whoever has the key; one answer to whatever is wrong.
#[must_use]
pub fn verify(
    signature: Signature,
    key: &[u8],
    headers: &HeaderMap,
    body: &[u8],
    now: Time,
) -> Option<Proven> {
    let text = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?.trim();
        (value.len() <= HEADER).then_some(value)
    };
    let named = |message: &[u8], remembered| {
        Some(Proven { message: Some(Sha256::digest(message).into()), remembered })
    };
    match signature {
        Signature::Standard => {
            let (id, at) = (text("webhook-id")?, text("webhook-timestamp")?);
            let signed = sign::is_signed(key, id, at, body, text("webhook-signature")?);
            (signed && is_recent(at, now)).then(|| named(id.as_bytes(), REMEMBERED)).flatten()
        }
        Signature::Github => {
            let given = hex(text("x-hub-signature-256")?.strip_prefix("sha256=")?)?;
            // No time is signed, and the name of the message is not either: the same bytes are the
            // same message.
            sign::is_mac(key, &[body], &given).then(|| named(&given, REMEMBERED)).flatten()
        }
        Signature::Stripe => {
            let header = text("stripe-signature")?;
            let part = |name: &'static str| {
                let pairs = header.split(',').filter_map(|pair| pair.trim().split_once('='));
                pairs.filter(move |(found, _)| *found == name).map(|(_, value)| value)
            };
            let at = part("t").next()?;
            let parts = [at.as_bytes(), b".", body];
            let mut given = part("v1").take(SIGNATURES).filter_map(hex);
            let found = given.find(|given| sign::is_mac(key, &parts, given))?;
            is_recent(at, now).then(|| named(&found, TOLERANCE * 2)).flatten()
        }
        Signature::Token => {
            let given = text("authorization")?.split_once(' ')?;
            let is = given.0.eq_ignore_ascii_case("bearer") && is_same(key, given.1.trim());
            // A program that cannot sign may still name its messages.
            let message = text("webhook-id").map(|id| Sha256::digest(id.as_bytes()).into());
            is.then_some(Proven { message, remembered: REMEMBERED })
        }
    }
}

/// Compares keyed hashes of both, so that it takes as long wherever they differ.
fn is_same(key: &[u8], given: &str) -> bool {
    let hash = sign::mac(key, &[given.as_bytes()]).map(hmac::Mac::finalize);
    hash.is_some_and(|hash| sign::is_mac(key, &[key], &hash.into_bytes()))
}

fn is_recent(seconds: &str, now: Time) -> bool {
    let Ok(seconds) = seconds.parse::<i64>() else { return false };
    let at = Time::from_micros(seconds.saturating_mul(1_000_000));
    (now.before(TOLERANCE)..=now.after(TOLERANCE)).contains(&at)
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pair = |pair: &[u8]| {
        let [high, low] = pair else { return None };
        u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
    };
    (text.len() == 64).then(|| text.as_bytes().chunks(2).map(pair).collect()).flatten()
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
