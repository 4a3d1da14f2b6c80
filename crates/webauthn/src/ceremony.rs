//! The two ceremonies, step by step.

use aws_lc_rs::digest::{SHA256, digest};

use crate::data::AuthenticatorData;
use crate::{Algorithm, PublicKey, Refusal, cbor, client_data};

/// Browsers write some hundred bytes.
const MAX_CLIENT_DATA: usize = 8 * 1024;
/// A statement with a chain of certificates fits.
const MAX_ATTESTATION: usize = 64 * 1024;
const MAX_AUTHENTICATOR_DATA: usize = 4 * 1024;
/// RSA of 8192 bits.
const MAX_SIGNATURE: usize = 1024;

/// What an answer is held against.
pub struct Expected<'a> {
    /// The bytes that were sent.
    pub challenge: &'a [u8],
    /// The domain credentials belong to.
    pub rp_id: &'a str,
    /// Whether a page of this origin may ask for them.
    pub origin: &'a dyn Fn(&str) -> bool,
    /// Whether the authenticator has to know who was there.
    pub user_verification: bool,
}

/// A credential that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its id.
    pub id: Vec<u8>,
    /// Its key, as COSE.
    pub public_key: Vec<u8>,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// Its uses so far.
    pub counter: u32,
    /// The authenticator's model; zeros where it does not tell.
    pub aaguid: [u8; 16],
    /// It may be copied to other devices.
    pub backup_eligible: bool,
    /// It was copied.
    pub backed_up: bool,
}

/// What is stored of a credential.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    /// Its key, as COSE.
    pub public_key: &'a [u8],
    /// Its uses so far.
    pub counter: u32,
    /// It may be copied to other devices.
    pub backup_eligible: bool,
}

/// What a browser answers to a sign-in.
#[derive(Debug, Clone, Copy)]
pub struct Assertion<'a> {
    /// `clientDataJSON`.
    pub client_data: &'a [u8],
    /// `authenticatorData`.
    pub authenticator_data: &'a [u8],
    /// `signature`.
    pub signature: &'a [u8],
}

/// A credential was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// Its uses now.
    pub counter: u32,
    /// It was copied to other devices.
    pub backed_up: bool,
}

/// Checks a registration, section 7.1.
///
/// # Errors
/// The first check that failed.
pub fn register(
    expected: &Expected<'_>,
    client_data: &[u8],
    attestation: &[u8],
) -> Result<Credential, Refusal> {
    bounded(client_data, MAX_CLIENT_DATA)?;
    bounded(attestation, MAX_ATTESTATION)?;
    client_data::check(client_data, "webauthn.create", expected)?;
    let (object, rest) = cbor::map(attestation)?;
    if !rest.is_empty() {
        return Err(Refusal::Cbor);
    }
    let format = object.named("fmt").and_then(|value| value.as_text());
    let statement = object.named("attStmt").and_then(|value| value.as_map());
    let data = object.named("authData").and_then(|value| value.as_bytes());
    let (Some(format), Some(statement), Some(data)) = (format, statement, data) else {
        return Err(Refusal::Cbor);
    };
    // Section 8.7. Other statements are allowed and prove nothing: none was asked for.
    if format == "none" && !statement.is_empty() {
        return Err(Refusal::Cbor);
    }
    let data = authenticator_data(expected, data)?;
    let new = data.credential.as_ref().ok_or(Refusal::Credential)?;
    Ok(Credential {
        id: new.id.to_vec(),
        public_key: new.cose.to_vec(),
        algorithm: new.key.algorithm(),
        counter: data.counter,
        aaguid: new.aaguid,
        backup_eligible: data.backup_eligible(),
        backed_up: data.backed_up(),
    })
}

/// Checks a sign-in, section 7.2. [`Refusal::Counter`] comes last: the signature was right.
///
/// # Errors
/// The first check that failed.
pub fn authenticate(
    expected: &Expected<'_>,
    stored: &Stored<'_>,
    answer: &Assertion<'_>,
) -> Result<Used, Refusal> {
    bounded(answer.client_data, MAX_CLIENT_DATA)?;
    bounded(answer.authenticator_data, MAX_AUTHENTICATOR_DATA)?;
    bounded(answer.signature, MAX_SIGNATURE)?;
    client_data::check(answer.client_data, "webauthn.get", expected)?;
    let data = authenticator_data(expected, answer.authenticator_data)?;
    if data.credential.is_some() {
        return Err(Refusal::Credential);
    }
    if data.backup_eligible() != stored.backup_eligible {
        return Err(Refusal::Backup);
    }
    let (key, rest) = PublicKey::read(stored.public_key)?;
    if !rest.is_empty() {
        return Err(Refusal::Key);
    }
    let mut signed = answer.authenticator_data.to_vec();
    signed.extend_from_slice(digest(&SHA256, answer.client_data).as_ref());
    key.verify(&signed, answer.signature)?;
    // Section 6.1.1: where both are 0, the authenticator does not count.
    let counts = data.counter != 0 || stored.counter != 0;
    if counts && data.counter <= stored.counter {
        return Err(Refusal::Counter);
    }
    Ok(Used { counter: data.counter, backed_up: data.backed_up() })
}

/// The steps both ceremonies share.
fn authenticator_data<'a>(
    expected: &Expected<'_>,
    bytes: &'a [u8],
) -> Result<AuthenticatorData<'a>, Refusal> {
    let data = AuthenticatorData::read(bytes)?;
    if digest(&SHA256, expected.rp_id.as_bytes()).as_ref() != data.rp_id_hash {
        return Err(Refusal::RelyingParty);
    }
    if !data.user_present() {
        return Err(Refusal::UserPresence);
    }
    if expected.user_verification && !data.user_verified() {
        return Err(Refusal::UserVerification);
    }
    if data.backed_up() && !data.backup_eligible() {
        return Err(Refusal::Backup);
    }
    Ok(data)
}

fn bounded(bytes: &[u8], most: usize) -> Result<(), Refusal> {
    if bytes.len() > most { Err(Refusal::TooLong) } else { Ok(()) }
}
