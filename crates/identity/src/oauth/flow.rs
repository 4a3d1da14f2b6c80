//! What is remembered between leaving for a provider and coming back.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use types::{Secret, SessionId, UserId};

use crate::token::{same, sha256};

/// The payload of the state's row. No secret is in it: the PKCE verifier and the nonce are derived
/// from what only the browser keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Flow {
    /// Where the browser was sent.
    pub(super) provider: String,
    /// SHA-256 of the browser's secret: nobody else comes back with this state.
    pub(super) browser: String,
    /// Where to go then.
    pub(super) callback: Option<String>,
    /// Where a new account goes instead.
    pub(super) new_user: Option<String>,
    /// Where to go when it fails.
    pub(super) error: Option<String>,
    /// Who links an account, if that is what it is for.
    pub(super) link: Option<Linking>,
}

/// Who links an account, from which session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Linking {
    pub(super) user: UserId,
    pub(super) session: SessionId,
    /// They had just proved who they are.
    pub(super) fresh: bool,
}

impl Flow {
    /// Whether this is the browser that left.
    pub(super) fn left_from(&self, secret: &str) -> bool {
        same(&self.browser, &fingerprint(secret))
    }
}

/// What the row keeps of the browser's secret.
pub(super) fn fingerprint(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(secret))
}

/// The PKCE verifier (RFC 7636) of one state.
pub(super) fn verifier(secret: &str, state: &str) -> Secret<String> {
    Secret::new(derived(secret, "pkce", state))
}

/// What of the verifier is shown on the way out.
pub(super) fn challenge(verifier: &Secret<String>) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.reveal().as_bytes()))
}

/// The nonce an id token has to repeat.
pub(super) fn nonce(secret: &str, state: &str) -> String {
    derived(secret, "nonce", state)
}

fn derived(secret: &str, what: &str, state: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{what}\0{state}").as_bytes());
    URL_SAFE_NO_PAD.encode(tag.as_ref())
}
