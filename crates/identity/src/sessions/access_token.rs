//! Access tokens: JWTs signed with Ed25519, good for minutes and only as long as their session.

use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use kernel::Keys;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use types::{Error, Result, SessionId, Time, UserId};

use crate::Settings;

/// What precedes the seed in a PKCS#8 document of an Ed25519 key (RFC 8410, section 7): version 0,
/// algorithm 1.3.101.112, and the seed as an octet string in an octet string.
const PKCS8_HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// Signs and checks access tokens.
pub(crate) struct AccessTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    header: Header,
    validation: Validation,
    issuer: String,
    life: Duration,
}

/// What an access token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The public address of this server.
    pub(crate) iss: String,
    /// The login.
    pub(crate) sub: UserId,
    /// The session: the token dies with it.
    pub(crate) sid: SessionId,
    /// Signed at, in seconds.
    pub(crate) iat: i64,
    /// Good until, in seconds.
    pub(crate) exp: i64,
}

impl AccessTokens {
    /// With the signing key of this installation.
    ///
    /// # Errors
    /// When the key cannot be used.
    pub(crate) fn new(keys: &Keys, issuer: &str, settings: &Settings) -> Result<Self> {
        let seed = keys.signing_seed();
        let pair = Ed25519KeyPair::from_seed_unchecked(seed)
            .map_err(|_| Error::internal("the signing key cannot be used"))?;
        let public = pair.public_key().as_ref();
        let mut header = Header::new(Algorithm::EdDSA);
        let digest = Sha256::digest(public);
        header.kid = Some(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect());
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        // The library would ask the machine's clock; the house's is asked below.
        validation.validate_exp = false;
        Ok(Self {
            encoding: EncodingKey::from_ed_der(&[&PKCS8_HEAD[..], seed].concat()),
            decoding: DecodingKey::from_ed_der(public),
            header,
            validation,
            issuer: issuer.to_owned(),
            life: Duration::from_secs(u64::from(settings.access_token_minutes) * 60),
        })
    }

    /// Seconds a new token is good for.
    pub(crate) const fn life_s(&self) -> u64 {
        self.life.as_secs()
    }

    /// A token for a session.
    ///
    /// # Errors
    /// Internal, when signing fails.
    pub(crate) fn sign(&self, user: UserId, session: SessionId, now: Time) -> Result<String> {
        let claims = Claims {
            iss: self.issuer.clone(),
            sub: user,
            sid: session,
            iat: now.seconds(),
            exp: now.after(self.life).seconds(),
        };
        Ok(encode(&self.header, &claims, &self.encoding)?)
    }

    /// What a token says, if it is ours and still good. The algorithm is ours to say, not the
    /// token's.
    pub(crate) fn read(&self, token: &str, now: Time) -> Option<Claims> {
        let claims = decode::<Claims>(token, &self.decoding, &self.validation).ok()?.claims;
        (now.seconds() < claims.exp).then_some(claims)
    }
}

#[cfg(test)]
#[path = "access_token_tests.rs"]
mod tests;
