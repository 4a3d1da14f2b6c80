//! Public keys as authenticators write them: COSE (RFC 9052, RFC 9053), in the three forms of
//! section 5.8.5.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents,
};

use crate::{Refusal, cbor};

/// Labels of a key (RFC 9052, section 7.1) and of its parameters (RFC 9053, section 7).
const KTY: i64 = 1;
const ALG: i64 = 3;
const CRV_OR_N: i64 = -1;
const X_OR_E: i64 = -2;
const Y: i64 = -3;

/// What is offered to authenticators, the best first.
pub const ALGORITHMS: [Algorithm; 3] = [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256];

/// A signature algorithm, by its COSE number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519 (RFC 8032).
    EdDsa,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
}

impl Algorithm {
    /// Its number in the COSE registry.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::EdDsa => -8,
            Self::Es256 => -7,
            Self::Rs256 => -257,
        }
    }
}

/// A key whose parts were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// Ed25519: 32 bytes.
    EdDsa([u8; 32]),
    /// P-256: the uncompressed point.
    Es256([u8; 65]),
    /// RSA of 2048 to 8192 bits: modulus and exponent.
    Rs256(Vec<u8>, Vec<u8>),
}

impl PublicKey {
    /// The key at the start of `bytes`, and what follows it. Its type, curve and algorithm must
    /// agree: what a key may sign is part of the key, never of an answer.
    ///
    /// # Errors
    /// [`Refusal::Cbor`] and [`Refusal::Key`].
    pub fn read(bytes: &[u8]) -> Result<(Self, &[u8]), Refusal> {
        let (map, rest) = cbor::map(bytes)?;
        let array = |label| -> Option<[u8; 32]> { map.bytes(label)?.try_into().ok() };
        let key = match (map.number(KTY), map.number(ALG)) {
            (Some(1), Some(-8)) if map.number(CRV_OR_N) == Some(6) => {
                array(X_OR_E).map(Self::EdDsa)
            }
            (Some(2), Some(-7)) if map.number(CRV_OR_N) == Some(1) => {
                array(X_OR_E).zip(array(Y)).map(|(x, y)| {
                    let mut point = [4; 65];
                    point[1..33].copy_from_slice(&x);
                    point[33..].copy_from_slice(&y);
                    Self::Es256(point)
                })
            }
            (Some(3), Some(-257)) => map
                .bytes(CRV_OR_N)
                .zip(map.bytes(X_OR_E))
                .filter(|(n, e)| is_rsa(n, e))
                .map(|(n, e)| Self::Rs256(n.to_vec(), e.to_vec())),
            _ => None,
        };
        let key = key.filter(Self::is_usable).ok_or(Refusal::Key)?;
        Ok((key, rest))
    }

    /// What it signs with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::EdDsa(_) => Algorithm::EdDsa,
            Self::Es256(_) => Algorithm::Es256,
            Self::Rs256(..) => Algorithm::Rs256,
        }
    }

    /// Whether the library can work with it: a point that is on no curve is none.
    fn is_usable(&self) -> bool {
        match self {
            Self::EdDsa(key) => ParsedPublicKey::new(&ED25519, key).is_ok(),
            Self::Es256(point) => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).is_ok(),
            Self::Rs256(..) => true,
        }
    }

    /// Whether `signature` over `message` is this key's.
    ///
    /// # Errors
    /// [`Refusal::Signature`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Refusal> {
        let verified = match self {
            Self::EdDsa(key) => ParsedPublicKey::new(&ED25519, key)
                .is_ok_and(|key| key.verify_sig(message, signature).is_ok()),
            Self::Es256(point) => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
                .is_ok_and(|key| key.verify_sig(message, signature).is_ok()),
            Self::Rs256(n, e) => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
        };
        if verified { Ok(()) } else { Err(Refusal::Signature) }
    }
}

/// 2048 to 8192 bits, an odd exponent from 3 that fits 64 bits, no leading zeros.
fn is_rsa(n: &[u8], e: &[u8]) -> bool {
    (256..=1024).contains(&n.len())
        && n.first().is_some_and(|byte| *byte != 0)
        && n.last().is_some_and(|byte| byte % 2 == 1)
        && (1..=8).contains(&e.len())
        && e.first().is_some_and(|byte| *byte != 0)
        && e.last().is_some_and(|byte| byte % 2 == 1)
        && e != [1]
}
