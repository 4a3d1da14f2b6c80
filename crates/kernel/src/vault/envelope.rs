//! The bytes of an envelope, and the cipher.
//!
//! `1 | key version (4) | nonce (12) wrapped data key (32) tag (16) | nonce (12) ciphertext tag (16)`

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use types::{Result, Secret};

use super::{Slot, unopened};
use crate::Random;

const FORMAT: u8 = 1;
const TAG: usize = 16;
const KEY: usize = 32;
const HEAD: usize = 5;
const WRAPPED: usize = NONCE_LEN + KEY + TAG;

/// AES-256-GCM under one key, with a random nonce in front of what it seals.
pub(super) struct Sealer(Option<LessSafeKey>);

impl Sealer {
    pub(super) fn new(key: &[u8; KEY]) -> Self {
        // A key of the right length is always taken; without one nothing seals and nothing opens.
        Self(UnboundKey::new(&AES_256_GCM, key).ok().map(LessSafeKey::new))
    }

    pub(super) fn seal(&self, name: &[u8], secret: &[u8], random: &Random) -> Result<Vec<u8>> {
        let key = self.0.as_ref().ok_or_else(unopened)?;
        let nonce: [u8; NONCE_LEN] = random.bytes();
        let mut sealed = Vec::with_capacity(NONCE_LEN + secret.len() + TAG);
        sealed.extend_from_slice(&nonce);
        let mut text = secret.to_vec();
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(name),
            &mut text,
        )
        .map_err(|_| unopened())?;
        sealed.append(&mut text);
        Ok(sealed)
    }

    pub(super) fn open(&self, name: &[u8], sealed: &[u8]) -> Result<Secret<Vec<u8>>> {
        let key = self.0.as_ref().ok_or_else(unopened)?;
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or_else(unopened)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| unopened())?;
        let mut text = text.to_vec();
        let opened =
            key.open_in_place(nonce, Aad::from(name), &mut text).map_err(|_| unopened())?.len();
        text.truncate(opened);
        Ok(Secret::new(text))
    }
}

pub(super) fn seal(
    tenant: &Sealer,
    version: u32,
    slot: &Slot<'_>,
    secret: &[u8],
    random: &Random,
) -> Result<Vec<u8>> {
    let name = name(slot, version);
    let key: [u8; KEY] = random.bytes();
    let mut sealed = vec![FORMAT];
    sealed.extend_from_slice(&version.to_be_bytes());
    sealed.append(&mut tenant.seal(&name, &key, random)?);
    sealed.append(&mut Sealer::new(&key).seal(&name, secret, random)?);
    Ok(sealed)
}

pub(super) fn open(
    tenant: &Sealer,
    version: u32,
    slot: &Slot<'_>,
    sealed: &[u8],
) -> Result<Secret<Vec<u8>>> {
    let name = name(slot, version);
    let rest = sealed.get(HEAD..).ok_or_else(unopened)?;
    let (wrapped, text) = rest.split_at_checked(WRAPPED).ok_or_else(unopened)?;
    let key = tenant.open(&name, wrapped)?;
    let key: [u8; KEY] = key.reveal().as_slice().try_into().map_err(|_| unopened())?;
    Sealer::new(&key).open(&name, text)
}

/// The version of the tenant's key an envelope was made with.
pub(super) fn key_version(sealed: &[u8]) -> Result<u32> {
    match sealed.get(..HEAD) {
        Some(&[FORMAT, a, b, c, d]) => Ok(u32::from_be_bytes([a, b, c, d])),
        _ => Err(unopened()),
    }
}

/// What is authenticated beside the secret, each part with its length in front.
fn name(slot: &Slot<'_>, key_version: u32) -> Vec<u8> {
    let mut name = b"sixfold vault v1".to_vec();
    let parts: [&[u8]; 7] = [
        slot.purpose.as_bytes(),
        slot.tenant.as_bytes(),
        slot.owner.as_bytes(),
        slot.object.as_bytes(),
        slot.field.as_bytes(),
        &key_version.to_be_bytes(),
        &slot.version.to_be_bytes(),
    ];
    for part in parts {
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part);
    }
    name
}
