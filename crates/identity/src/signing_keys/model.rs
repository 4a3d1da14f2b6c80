//! The shapes of signing keys.

use serde::{Deserialize, Serialize};
use types::Time;

/// What a signing key does just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SigningKeyState {
    /// It is published and will sign.
    Waiting,
    /// It signs.
    Signing,
    /// It is published until the last token it signed has expired.
    Verifying,
    /// It is not published any more.
    Over,
}

/// A signing key, without its secret half.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SigningKey {
    /// Its name in tokens and in the JWKS.
    #[schema(example = "0b1f6bd5a1c0c6a4")]
    pub kid: String,
    /// What it does just now.
    pub state: SigningKeyState,
    /// When it was made; none for the first one.
    pub created_at: Option<Time>,
    /// From when it signs; none for the first one.
    pub signs_from: Option<Time>,
    /// When it leaves the JWKS, if that is known.
    pub ends_at: Option<Time>,
}

/// All of them.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct SigningKeys {
    /// The oldest first.
    pub(super) data: Vec<SigningKey>,
}

/// How to rotate.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "immediately": false }))]
pub(super) struct RotateSigningKey {
    /// The new key signs at once; whoever keeps a copy of the JWKS refuses its tokens until they
    /// fetch it again. For a key that has leaked.
    #[serde(default)]
    pub(super) immediately: bool,
}

/// A public key (RFC 7517, RFC 8037).
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Jwk {
    /// `EdDSA`.
    pub(super) alg: &'static str,
    /// `Ed25519`.
    pub(super) crv: &'static str,
    /// `OKP`.
    pub(super) kty: &'static str,
    /// `sig`.
    #[serde(rename = "use")]
    pub(super) usage: &'static str,
    /// The key, in base64url.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    pub(super) x: String,
    /// Its name in tokens.
    #[schema(example = "0b1f6bd5a1c0c6a4")]
    pub(super) kid: String,
}

/// The keys that tokens are checked with (RFC 7517).
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Jwks {
    /// Every key that signs, did, or soon will.
    pub(super) keys: Vec<Jwk>,
}

/// A signed token.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct SignedToken {
    /// A JWT of the session that asked, good for the minutes of an access token.
    pub(super) token: String,
}
