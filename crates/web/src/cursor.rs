//! Cursors: where a page ended, sealed so that only we write them and only for the list they
//! came from. They are readable, not secret: they hold keys the client has just seen.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use types::{Error, Result};

/// 128 bits of the seal: guessing one takes longer than the list lives.
const TAG: usize = 16;
/// Longer than any cursor we make: it may hold a name and two more texts of a row.
const MAX_TEXT: usize = 8_192;

/// Seals and opens cursors. All servers of one house share the key.
#[derive(Clone)]
pub struct CursorKey(Hmac<Sha256>);

impl CursorKey {
    /// From 32 secret bytes.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        // The key is prepared once; sealing then starts from a copy of that state.
        Self(Hmac::new(&padded(key)))
    }

    /// A cursor for the list `scope`, holding `payload`.
    ///
    /// `scope` names everything the cursor must not outlive: the list, its filter, its order.
    #[must_use]
    pub fn seal(&self, scope: &str, payload: &[u8]) -> String {
        let tag = self.mac(scope, payload).finalize().into_bytes();
        let mut bytes = Vec::with_capacity(payload.len() + TAG);
        bytes.extend_from_slice(payload);
        bytes.extend_from_slice(&tag[..TAG]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The payload of a cursor that was sealed for this very list.
    ///
    /// # Errors
    /// 422 `invalid_cursor` when it was changed, or made for another list.
    pub fn open(&self, scope: &str, text: &str) -> Result<Vec<u8>> {
        self.try_open(scope, text).ok_or_else(|| {
            Error::invalid(
                "cursor",
                "invalid_cursor",
                "This cursor does not belong to this list; start again without one.",
            )
        })
    }

    fn try_open(&self, scope: &str, text: &str) -> Option<Vec<u8>> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let end = bytes.len().checked_sub(TAG)?;
        let (payload, tag) = bytes.split_at(end);
        // Compares in constant time.
        self.mac(scope, payload).verify_truncated_left(tag).ok()?;
        bytes.truncate(end);
        Some(bytes)
    }

    fn mac(&self, scope: &str, payload: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        // Length first: no scope and payload can be cut differently and sealed alike.
        for part in [scope.as_bytes(), payload] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

/// HMAC pads a short key with zeros up to the block; doing it here leaves nothing that can fail.
fn padded(key: &[u8; 32]) -> hmac::digest::Key<Hmac<Sha256>> {
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    block[..32].copy_from_slice(key);
    block
}

#[cfg(test)]
#[path = "cursor_tests.rs"]
mod tests;
