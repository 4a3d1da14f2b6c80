//! Passkeys: checks what a browser answers to a WebAuthn challenge.
//!
//! Pure functions over bytes, after Web Authentication Level 3: [`register`] (section 7.1) and
//! [`authenticate`] (section 7.2). They know no clock, no store and no randomness, so every step
//! can be tested and fuzzed by itself. Accepted are the algorithms browsers choose: Ed25519 (−8),
//! ES256 (−7) and RS256 (−257); signatures are checked by AWS-LC. Attestation statements are read
//! over, never trusted: who made an authenticator decides nothing here.

mod cbor;
mod ceremony;
mod client_data;
mod cose;
mod data;
mod refusal;

pub use ceremony::{Assertion, Credential, Expected, Stored, Used, authenticate, register};
pub use cose::{ALGORITHMS, Algorithm, PublicKey};
pub use data::AuthenticatorData;
pub use refusal::Refusal;

#[cfg(test)]
mod tests;
