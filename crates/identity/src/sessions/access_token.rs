//! Access tokens: JWTs signed with Ed25519, good for minutes and only as long as their session.

use std::time::Duration;

use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use kernel::{Caller, Keys};
use serde::{Deserialize, Serialize};
use types::{PersonId, Result, SessionId, Time, UserId};

use super::fresh::Present;
use crate::Settings;
use crate::signing_keys::{Ring, TOKEN_TYPE};

/// Signs and checks access tokens.
pub(crate) struct AccessTokens {
    ring: Ring,
    validation: Validation,
    issuer: String,
    life: Duration,
}

/// What an access token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The public address of this server.
    pub(crate) iss: String,
    /// Whom it is for: this server too.
    pub(crate) aud: String,
    /// The login.
    pub(crate) sub: UserId,
    /// The session: the token dies with it.
    pub(crate) sid: SessionId,
    /// When whoever holds it proved who they are, in seconds.
    pub(crate) auth_time: i64,
    /// Signed at, in seconds.
    pub(crate) iat: i64,
    /// Good until, in seconds.
    pub(crate) exp: i64,
    /// Who acts as `sub` (RFC 8693, section 4.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) act: Option<Acting>,
}

/// The owner of the platform who acts as somebody else.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Acting {
    /// The person.
    pub(crate) sub: PersonId,
}

/// What other services are told to take: never an access token here.
const FOR_OTHERS: &str = "JWT";

impl AccessTokens {
    /// With the first signing key of this installation; its successors come from the store.
    ///
    /// # Errors
    /// When the key cannot be used.
    pub(crate) fn new(keys: &Keys, issuer: &str, settings: &Settings) -> Result<Self> {
        let life = Duration::from_secs(u64::from(settings.access_token_minutes) * 60);
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "sub", "aud"]);
        // The library would ask the machine's clock; the house's is asked below.
        validation.validate_exp = false;
        let ring = Ring::new(keys.signing_seed(), life)?;
        Ok(Self { ring, validation, issuer: issuer.to_owned(), life })
    }

    /// The keys it signs and checks with.
    pub(crate) const fn ring(&self) -> &Ring {
        &self.ring
    }

    /// Seconds a new token is good for.
    pub(crate) const fn life_s(&self) -> u64 {
        self.life.as_secs()
    }

    /// An access token for a session. `proven` is when whoever gets it proved who they are: somebody
    /// with a copy of an older one of the same session gets no nearer to that moment.
    ///
    /// # Errors
    /// Internal, when signing fails.
    pub(crate) fn sign(
        &self,
        user: UserId,
        session: SessionId,
        proven: Time,
        now: Time,
    ) -> Result<String> {
        let key = self.ring.signer(now);
        Ok(encode(&key.header, &self.claims(user, session, proven, now), &key.encoding)?)
    }

    /// A token for other services. Its type keeps whoever gets to see it there, or in their log,
    /// from showing it here.
    ///
    /// # Errors
    /// Internal, when signing fails.
    pub(crate) fn sign_for_others(
        &self,
        caller: &Caller,
        who: Present,
        now: Time,
    ) -> Result<String> {
        let identity = caller.identity();
        let proven = identity.authenticated_at.unwrap_or(Time::from_micros(0));
        let claims = Claims {
            act: identity.impersonator.map(|sub| Acting { sub }),
            ..self.claims(who.user, who.session, proven, now)
        };
        let key = self.ring.signer(now);
        let header = Header { typ: Some(FOR_OTHERS.to_owned()), ..key.header.clone() };
        Ok(encode(&header, &claims, &key.encoding)?)
    }

    fn claims(&self, user: UserId, session: SessionId, proven: Time, now: Time) -> Claims {
        Claims {
            iss: self.issuer.clone(),
            aud: self.issuer.clone(),
            sub: user,
            sid: session,
            auth_time: proven.seconds(),
            iat: now.seconds(),
            exp: now.after(self.life).seconds(),
            act: None,
        }
    }

    /// What a token says, if it is ours and still good. Algorithm, type and keys are ours to say,
    /// not the token's: it only names one of the keys that are published.
    pub(crate) fn read(&self, token: &str, now: Time) -> Option<Claims> {
        let header = decode_header(token).ok()?;
        if header.alg != Algorithm::EdDSA || header.typ.as_deref() != Some(TOKEN_TYPE) {
            return None;
        }
        let key = self.ring.verifier(header.kid.as_deref()?, now)?;
        let claims = decode::<Claims>(token, &key.decoding, &self.validation).ok()?.claims;
        (now.seconds() < claims.exp).then_some(claims)
    }
}

#[cfg(test)]
#[path = "access_token_tests.rs"]
mod tests;
