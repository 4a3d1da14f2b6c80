//! Whether an id token may be believed (OpenID Connect Core 1.0, section 3.1.3.7).

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, KeyAlgorithm};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};
use types::{Error, ErrorKind, Result, Time};

use super::provider::Provider;
use crate::IdentityApp;
use crate::token::same;

/// What a token may be signed with; what is not here — `none`, everything with a shared
/// secret — is not even looked at.
const ALGORITHMS: [Algorithm; 4] =
    [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA, Algorithm::PS256];
/// Clocks differ by that many seconds.
const LEEWAY_S: i64 = 60;
/// No id token is longer.
const MAX_BYTES: usize = 16 * 1024;

/// What a token says, once it is believed.
pub(super) type Claims = Map<String, Value>;

/// What a token is held to besides its signature.
#[derive(Default)]
pub(super) struct Expected<'a> {
    /// The nonce that was sent along.
    pub(super) nonce: Option<&'a str>,
    /// The access token that came with it.
    pub(super) access_token: Option<&'a str>,
}

/// Checks signature, issuer, audience, times, nonce and the hash of the access token.
///
/// # Errors
/// 401 `invalid_token`; 503 when the provider's keys cannot be had.
pub(super) async fn verify(
    house: &IdentityApp,
    provider: &Provider,
    token: &str,
    expected: &Expected<'_>,
) -> Result<Claims> {
    if token.len() > MAX_BYTES {
        return Err(refused("it is too long"));
    }
    let header = decode_header(token)
        .map_err(|_| refused("it cannot be read, or somebody else signed it"))?;
    if !ALGORITHMS.contains(&header.alg) || header.crit.is_some() {
        return Err(refused("its algorithm is not allowed"));
    }
    let key = provider.key(house, header.kid.as_deref()).await?;
    let claims = signed(token, &key, header.alg)?;
    check(&claims, provider, header.alg, expected, house.now())?;
    Ok(claims)
}

/// The claims of a token, if this key signed it in this way.
fn signed(token: &str, key: &Jwk, algorithm: Algorithm) -> Result<Claims> {
    let meant = match key.common.key_algorithm {
        None => true,
        Some(KeyAlgorithm::RS256) => algorithm == Algorithm::RS256,
        Some(KeyAlgorithm::PS256) => algorithm == Algorithm::PS256,
        Some(KeyAlgorithm::ES256) => algorithm == Algorithm::ES256,
        Some(KeyAlgorithm::EdDSA) => algorithm == Algorithm::EdDSA,
        Some(_) => false,
    };
    if !meant {
        return Err(refused("its key is for another algorithm"));
    }
    let mut validation = Validation::new(algorithm);
    // The rest is checked by the house's clock and the provider's rules.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let key = DecodingKey::from_jwk(key)
        .map_err(|_| refused("it cannot be read, or somebody else signed it"))?;
    let data = decode::<Claims>(token, &key, &validation);
    Ok(data.map_err(|_| refused("it cannot be read, or somebody else signed it"))?.claims)
}

/// Everything that is not the signature.
fn check(
    claims: &Claims,
    provider: &Provider,
    algorithm: Algorithm,
    expected: &Expected<'_>,
    now: Time,
) -> Result<()> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let Some(issuer) = text("iss") else { return Err(refused("it names no issuer")) };
    if !provider.issuer.issued(issuer, text("tid")) {
        return Err(refused("another issuer made it"));
    }
    if text("sub").is_none_or(|subject| subject.is_empty() || subject.len() > 255) {
        return Err(refused("it is about nobody"));
    }
    audience(claims, &provider.client_id)?;
    times(claims, now)?;
    let repeated = match expected.nonce {
        Some(nonce) => text("nonce").is_some_and(|said| same(said, nonce)),
        // It was made for somebody who would have sent that nonce along.
        None => claims.get("nonce").is_none_or(Value::is_null),
    };
    if !repeated {
        return Err(refused("its nonce is another one"));
    }
    if let (Some(access), Some(hash)) = (expected.access_token, claims.get("at_hash"))
        && hash.as_str() != Some(half_hash(access, algorithm).as_str())
    {
        return Err(refused("it belongs to another access token"));
    }
    Ok(())
}

fn audience(claims: &Claims, client: &str) -> Result<()> {
    let several = match claims.get("aud") {
        Some(Value::String(one)) if one == client => false,
        Some(Value::Array(all)) if all.iter().any(|one| one == client) => all.len() > 1,
        _ => return Err(refused("it is for somebody else")),
    };
    match claims.get("azp") {
        None if several => Err(refused("it does not say for whom of several it is")),
        Some(party) if party != client => Err(refused("it was made for somebody else")),
        _ => Ok(()),
    }
}

/// When a token that was believed is refused for its age.
pub(super) fn ends(claims: &Claims) -> Time {
    let seconds = seconds(claims, "exp").flatten().unwrap_or(i64::MAX).saturating_add(LEEWAY_S);
    Time::from_micros(seconds.saturating_mul(1_000_000))
}

/// What of a token is signed. Its signature has other spellings.
pub(super) fn signed_part(token: &str) -> &str {
    token.rsplit_once('.').map_or(token, |(signed, _)| signed)
}

/// A moment; the inner none is one that cannot be read.
fn seconds(claims: &Claims, name: &str) -> Option<Option<i64>> {
    let value = claims.get(name)?;
    #[expect(clippy::cast_possible_truncation, reason = "`as` clamps, and so it should")]
    let whole = value.as_i64().or_else(|| value.as_f64().map(|number| number as i64));
    Some(whole)
}

fn times(claims: &Claims, now: Time) -> Result<()> {
    let number = |name: &str| seconds(claims, name);
    let now = now.seconds();
    match number("exp").flatten() {
        Some(exp) if now < exp.saturating_add(LEEWAY_S) => {}
        _ => return Err(refused("it has expired")),
    }
    match number("iat").flatten() {
        Some(iat) if iat <= now.saturating_add(LEEWAY_S) => {}
        _ => return Err(refused("it was made in the future")),
    }
    match number("nbf") {
        None => Ok(()),
        Some(Some(nbf)) if nbf <= now.saturating_add(LEEWAY_S) => Ok(()),
        Some(_) => Err(refused("it is not good yet")),
    }
}

/// The left half of the hash that belongs to the algorithm (section 3.1.3.6).
fn half_hash(access_token: &str, algorithm: Algorithm) -> String {
    let kind = match algorithm {
        Algorithm::EdDSA => &digest::SHA512,
        _ => &digest::SHA256,
    };
    let hash = digest::digest(kind, access_token.as_bytes());
    let hash = hash.as_ref();
    URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2])
}

/// The one answer to every token that is not believed; the log says why.
pub(super) fn refused(why: &'static str) -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "invalid_token",
        "The provider's token is not valid; sign in there again.",
    )
    .caused_by(why)
}
