//! The authenticator's data, section 6.1.

use crate::cose::PublicKey;
use crate::{Refusal, cbor};

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const HAS_CREDENTIAL: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

/// Section 7.1, step 25: a credential id is at most this long.
const MAX_ID: usize = 1023;

/// What an authenticator says about itself, about who was there, and about a new credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticatorData<'a> {
    /// SHA-256 of the relying party's id.
    pub rp_id_hash: [u8; 32],
    flags: u8,
    /// Uses of the credential so far; 0 where none are counted.
    pub counter: u32,
    /// Of a registration.
    pub credential: Option<NewCredential<'a>>,
}

/// Attested credential data, section 6.5.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCredential<'a> {
    /// The authenticator's model.
    pub aaguid: [u8; 16],
    /// The credential's id.
    pub id: &'a [u8],
    /// The key, as it stands there.
    pub cose: &'a [u8],
    /// The key, read.
    pub key: PublicKey,
}

impl<'a> AuthenticatorData<'a> {
    /// Reads all of `bytes`.
    ///
    /// # Errors
    /// [`Refusal::AuthenticatorData`], [`Refusal::Cbor`], [`Refusal::Key`].
    pub fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let (rp_id_hash, rest) = take::<32>(bytes)?;
        let ([flags], rest) = take::<1>(rest)?;
        let (counter, mut rest) = take::<4>(rest)?;
        let mut credential = None;
        if flags & HAS_CREDENTIAL != 0 {
            let (new, after) = NewCredential::read(rest)?;
            (credential, rest) = (Some(new), after);
        }
        if flags & HAS_EXTENSIONS != 0 {
            // Nothing was asked of an extension, so nothing is read out of one.
            (_, rest) = cbor::map(rest)?;
        }
        if !rest.is_empty() {
            return Err(Refusal::AuthenticatorData);
        }
        let counter = u32::from_be_bytes(counter);
        Ok(Self { rp_id_hash, flags, counter, credential })
    }

    /// Somebody touched it.
    #[must_use]
    pub const fn user_present(&self) -> bool {
        self.flags & USER_PRESENT != 0
    }

    /// It knows who: by finger, face or PIN.
    #[must_use]
    pub const fn user_verified(&self) -> bool {
        self.flags & USER_VERIFIED != 0
    }

    /// The credential may be copied to other devices.
    #[must_use]
    pub const fn backup_eligible(&self) -> bool {
        self.flags & BACKUP_ELIGIBLE != 0
    }

    /// The credential is on other devices, too.
    #[must_use]
    pub const fn backed_up(&self) -> bool {
        self.flags & BACKED_UP != 0
    }
}

impl<'a> NewCredential<'a> {
    fn read(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), Refusal> {
        let (aaguid, rest) = take::<16>(bytes)?;
        let (length, rest) = take::<2>(rest)?;
        let length = usize::from(u16::from_be_bytes(length));
        if length == 0 || length > MAX_ID {
            return Err(Refusal::AuthenticatorData);
        }
        let (id, rest) = rest.split_at_checked(length).ok_or(Refusal::AuthenticatorData)?;
        let (key, after) = PublicKey::read(rest)?;
        let cose = rest.get(..rest.len() - after.len()).unwrap_or_default();
        Ok((Self { aaguid, id, cose, key }, after))
    }
}

fn take<const N: usize>(bytes: &[u8]) -> Result<([u8; N], &[u8]), Refusal> {
    let (head, rest) = bytes.split_first_chunk::<N>().ok_or(Refusal::AuthenticatorData)?;
    Ok((*head, rest))
}
