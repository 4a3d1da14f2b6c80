//! Hashes as they are stored: ours, and those that imports bring. Each is verified at a cost that
//! is bounded when it is imported and again when it is used, so that no line of an import can make
//! a sign-in take minutes or gigabytes.

use std::num::NonZeroU32;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::pbkdf2::{self, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA512};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha2::{Digest as _, Sha256};
use types::{Error, Result};
use unicode_normalization::UnicodeNormalization as _;

use super::pool::Memory;

/// No hash we know is longer.
const MAX_TEXT: usize = 512;
/// Memory that one foreign hash may take, in KiB.
const MAX_MEMORY_KIB: u64 = 256 * 1024;
/// Memory times passes of a foreign Argon2 hash, in KiB: about a second.
const MAX_FILL_KIB: u64 = 1024 * 1024;
/// `N · r · p` of a foreign scrypt hash: about a second.
const MAX_MIXES: u64 = 1 << 22;
const MAX_ITERATIONS: u32 = 2_000_000;
/// About a second.
const MAX_BCRYPT_COST: u32 = 14;
const MAX_LANES: u32 = 16;
const OUTPUTS: std::ops::RangeInclusive<usize> = 16..=64;
/// What better-auth hashes with.
const BETTER_AUTH: (u8, u32, u32) = (14, 16, 1);

/// Base64 with or without the signs at its end, as every library has its own habit.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Why a hash cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Unknown,
    TooCostly,
}

impl Fault {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "unknown_hash",
            Self::TooCostly => "hash_too_costly",
        }
    }

    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::Unknown => {
                "is no hash that can be verified here; Argon2, scrypt, bcrypt, PBKDF2 and salted \
                 SHA-256 can, in the forms the documentation of `user import` lists."
            }
            Self::TooCostly => {
                "would take too long or too much memory to verify; leave it out and let this \
                 person reset their password."
            }
        }
    }

    /// As something that should not have been stored.
    pub(super) fn internal(self) -> Error {
        Error::internal(format!("a stored password hash cannot be used: {}", self.code()))
    }
}

/// A hash, taken apart.
#[derive(Debug)]
pub(super) enum Stored {
    Argon2 { algorithm: Algorithm, version: Version, params: Params, salt: Vec<u8>, hash: Vec<u8> },
    Bcrypt { text: String, cost: u32 },
    Scrypt { log_n: u8, r: u32, p: u32, salt: Vec<u8>, hash: Vec<u8>, compose: bool },
    Pbkdf2 { long: bool, iterations: u32, salt: Vec<u8>, hash: Vec<u8> },
    Sha256 { salt: Vec<u8>, hash: Vec<u8> },
}

impl Stored {
    /// Reads a hash in any of the forms known here.
    ///
    /// # Errors
    /// [`Fault::Unknown`].
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        if text.len() > MAX_TEXT || !text.is_ascii() {
            return Err(Fault::Unknown);
        }
        let parts: Vec<&str> = text.split('$').collect();
        let found = match parts.as_slice() {
            ["", "argon2id" | "argon2i" | "argon2d", ..] => argon2(text),
            ["", "scrypt", ..] => scrypt(text),
            ["", "2a" | "2b" | "2y", cost, _] if text.len() == 60 => {
                let cost = cost.parse().ok().filter(|_| cost.len() == 2);
                cost.map(|cost| Self::Bcrypt { text: text.to_owned(), cost })
            }
            ["", name @ ("pbkdf2-sha256" | "pbkdf2-sha512"), params, salt, hash] => {
                let salt = BASE64.decode(salt.replace('.', "+")).ok();
                pbkdf2(*name == "pbkdf2-sha512", iterations(params), salt, hash)
            }
            ["pbkdf2_sha256", rounds, salt, hash] => {
                pbkdf2(false, rounds.parse().ok(), Some(salt.as_bytes().to_vec()), hash)
            }
            ["sha256", salt, hash] => {
                let hash = from_hex(hash).filter(|hash| hash.len() == 32);
                hash.map(|hash| Self::Sha256 { salt: salt.as_bytes().to_vec(), hash })
            }
            [_] => better_auth(text),
            _ => None,
        };
        found.ok_or(Fault::Unknown)
    }

    /// Whether verifying it stays within bounds; whatever hashes here cost is within them.
    ///
    /// # Errors
    /// [`Fault::TooCostly`].
    pub(super) fn check_cost(&self, ours: &Params) -> Result<(), Fault> {
        let good = match self {
            Self::Argon2 { params, .. } => {
                let fill = |one: &Params| u64::from(one.m_cost()) * u64::from(one.t_cost());
                u64::from(params.m_cost()) <= MAX_MEMORY_KIB.max(ours.m_cost().into())
                    && fill(params) <= MAX_FILL_KIB.max(fill(ours))
                    && params.p_cost() <= MAX_LANES
            }
            Self::Bcrypt { cost, .. } => (4..=MAX_BCRYPT_COST).contains(cost),
            Self::Scrypt { log_n, r, p, .. } => {
                let (r, p) = (u64::from(*r), u64::from(*p));
                let blocks = 1u64.checked_shl(u32::from(*log_n)).and_then(|n| n.checked_mul(r));
                blocks.is_some_and(|blocks| {
                    blocks.saturating_mul(128) <= MAX_MEMORY_KIB * 1024
                        && blocks.saturating_mul(p) <= MAX_MIXES
                        && r.saturating_mul(p) <= 1 << 16
                })
            }
            Self::Pbkdf2 { iterations, .. } => *iterations <= MAX_ITERATIONS,
            Self::Sha256 { .. } => true,
        };
        if good { Ok(()) } else { Err(Fault::TooCostly) }
    }

    /// Whether it was made as passwords are hashed here today.
    pub(super) fn is_made_with(&self, ours: &Params) -> bool {
        matches!(self, Self::Argon2 { algorithm: Algorithm::Argon2id, version: Version::V0x13, params, .. }
            if params.m_cost() == ours.m_cost()
                && params.t_cost() == ours.t_cost()
                && params.p_cost() == ours.p_cost())
    }

    /// Whether it is this password's.
    ///
    /// # Errors
    /// Internal when the parameters do not fit each other after all.
    pub(super) fn verify(&self, password: &str, memory: &mut Memory) -> Result<bool> {
        let bytes = password.as_bytes();
        Ok(match self {
            Self::Argon2 { algorithm, version, params, salt, hash } => {
                let argon2 = Argon2::new(*algorithm, *version, params.clone());
                let mut out = vec![0; hash.len()];
                let blocks = memory.blocks(params.block_count());
                argon2
                    .hash_password_into_with_memory(bytes, salt, &mut out, blocks)
                    .map_err(|error| Error::internal(error.to_string()))?;
                same(&out, hash)
            }
            // As everywhere else, it reads 72 bytes.
            Self::Bcrypt { text, .. } => bcrypt::verify(bytes, text).unwrap_or(false),
            Self::Scrypt { log_n, r, p, salt, hash, compose } => {
                let params = scrypt::Params::new(*log_n, *r, *p)
                    .map_err(|error| Error::internal(error.to_string()))?;
                let mut out = vec![0; hash.len()];
                let composed: String;
                let bytes = if *compose {
                    composed = password.nfkc().collect();
                    composed.as_bytes()
                } else {
                    bytes
                };
                scrypt::scrypt(bytes, salt, &params, &mut out)
                    .map_err(|error| Error::internal(error.to_string()))?;
                same(&out, hash)
            }
            Self::Pbkdf2 { long, iterations, salt, hash } => {
                let algorithm = if *long { PBKDF2_HMAC_SHA512 } else { PBKDF2_HMAC_SHA256 };
                let rounds = NonZeroU32::new(*iterations).unwrap_or(NonZeroU32::MIN);
                pbkdf2::verify(algorithm, rounds, salt, bytes, hash).is_ok()
            }
            Self::Sha256 { salt, hash } => {
                same(&Sha256::new().chain_update(salt).chain_update(bytes).finalize(), hash)
            }
        })
    }
}

/// `$argon2id$v=19$m=65536,t=3,p=4$salt$hash`.
fn argon2(text: &str) -> Option<Stored> {
    let phc = PasswordHash::new(text).ok()?;
    let algorithm = Algorithm::new(phc.algorithm.as_str()).ok()?;
    // Without a number it is the first version.
    let version = phc.version.map_or(Ok(Version::V0x10), Version::try_from).ok()?;
    let params = Params::try_from(&phc).ok()?;
    let (salt, hash) = (phc.salt?.to_vec(), phc.hash?.as_bytes().to_vec());
    OUTPUTS.contains(&hash.len()).then_some(())?;
    Some(Stored::Argon2 { algorithm, version, params, salt, hash })
}

/// `$scrypt$ln=15,r=8,p=1$salt$hash`.
fn scrypt(text: &str) -> Option<Stored> {
    let phc = PasswordHash::new(text).ok()?;
    let number = |name: &str| phc.params.get_decimal(name);
    let (log_n, r, p) = (number("ln")?, number("r")?, number("p")?);
    let log_n = u8::try_from(log_n).ok()?;
    let (salt, hash) = (phc.salt?.to_vec(), phc.hash?.as_bytes().to_vec());
    let sound = OUTPUTS.contains(&hash.len()) && log_n > 0 && log_n < 32 && r > 0 && p > 0;
    sound.then_some(Stored::Scrypt { log_n, r, p, salt, hash, compose: false })
}

/// `salt:key`, both in hexadecimal; the text of the salt is what is hashed, not its bytes.
fn better_auth(text: &str) -> Option<Stored> {
    let (salt, key) = text.split_once(':')?;
    from_hex(salt).filter(|salt| salt.len() == 16)?;
    let hash = from_hex(key).filter(|key| key.len() == 64)?;
    let ((log_n, r, p), salt) = (BETTER_AUTH, salt.as_bytes().to_vec());
    Some(Stored::Scrypt { log_n, r, p, salt, hash, compose: true })
}

fn pbkdf2(
    long: bool,
    iterations: Option<u32>,
    salt: Option<Vec<u8>>,
    hash: &str,
) -> Option<Stored> {
    let hash = BASE64.decode(hash.replace('.', "+")).ok()?;
    let (iterations, salt) = (iterations.filter(|count| *count > 0)?, salt?);
    OUTPUTS.contains(&hash.len()).then_some(Stored::Pbkdf2 { long, iterations, salt, hash })
}

/// `i=600000,l=32` (PHC) or the number alone (passlib).
fn iterations(params: &str) -> Option<u32> {
    let named = params.split(',').find_map(|part| part.strip_prefix("i="));
    named.unwrap_or(params).parse().ok()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
        _ => None,
    });
    pairs.collect()
}

fn same(one: &[u8], other: &[u8]) -> bool {
    verify_slices_are_equal(one, other).is_ok()
}

#[cfg(test)]
#[path = "stored_tests.rs"]
mod tests;
