//! Why an answer is refused.

use std::fmt;

/// The first check of section 7.1 or 7.2 that an answer did not pass. For logs and tests; people
/// are told one sentence for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A part is longer than any authenticator makes it.
    TooLong,
    /// The client data is not the JSON it should be.
    ClientData,
    /// It answers the other ceremony.
    Type,
    /// It answers another challenge.
    Challenge,
    /// It was made on a page of an origin that is not ours, or inside a frame of one.
    Origin,
    /// CBOR that cannot be read, is too deep, repeats a key or has something after it.
    Cbor,
    /// The authenticator's data is cut short, or there is something after it.
    AuthenticatorData,
    /// It was made for another relying party.
    RelyingParty,
    /// Nobody was there.
    UserPresence,
    /// The authenticator did not check who was there.
    UserVerification,
    /// Backed up, and not eligible for that; or its eligibility changed.
    Backup,
    /// A registration without a credential, or a sign-in with one.
    Credential,
    /// A key of an algorithm that was not offered, or one that is no key.
    Key,
    /// The signature is not that key's.
    Signature,
    /// The counter did not grow: a copy of the authenticator may be in use.
    Counter,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Refusal {}
