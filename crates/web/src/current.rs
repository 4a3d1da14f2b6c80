//! The request being answered: its id, and what the edge decided about it.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::awaited::Sender;

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of this request: in its extensions, in every problem document and in every log line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub Arc<str>);

/// What follows a request through the code that answers it, without being passed by hand.
#[derive(Clone)]
pub(crate) struct Current {
    pub(crate) request_id: Arc<str>,
    pub(crate) body_limit: usize,
    /// Of a request with a body.
    pub(crate) sender: Option<Sender>,
}

tokio::task_local! {
    pub(crate) static CURRENT: Current;
}

/// The id of the request this code runs for; nothing outside a request or in a spawned task.
#[must_use]
pub fn request_id() -> Option<Arc<str>> {
    CURRENT.try_with(|current| Arc::clone(&current.request_id)).ok()
}

/// Makes ids on request.
pub(crate) type Generator = Arc<dyn Fn() -> String + Send + Sync>;

/// Where request ids come from when nobody who is believed sends one.
pub(crate) enum Ids {
    /// Handed in, e.g. by tests that want to know them.
    Given(Generator),
    /// A number drawn at start and a counter. They need to be unique, not secret.
    Counted { prefix: u64, next: AtomicU64 },
}

impl Ids {
    pub(crate) fn counted() -> Self {
        // The standard library's hash keys are random per process: enough to keep ids of two
        // processes apart, without drawing on the house's randomness.
        Self::Counted {
            prefix: RandomState::new().build_hasher().finish(),
            next: AtomicU64::new(0),
        }
    }

    /// The id that was sent if it is a sane token of somebody who is believed, else a new one; as text
    /// and as header.
    pub(crate) fn take(
        &self,
        headers: &HeaderMap,
        believed: impl FnOnce() -> bool,
    ) -> (Arc<str>, HeaderValue) {
        if let Some(value) = headers.get(&X_REQUEST_ID)
            && is_sane(value.as_bytes())
            && believed()
            && let Ok(text) = value.to_str()
        {
            return (Arc::from(text), value.clone());
        }
        match self {
            Self::Given(make) => named(&make()),
            Self::Counted { prefix, next } => {
                let mut text = [0; 28];
                hex(&mut text[..12], *prefix);
                hex(&mut text[12..], next.fetch_add(1, Ordering::Relaxed));
                named(std::str::from_utf8(&text).unwrap_or_default())
            }
        }
    }
}

fn named(text: &str) -> (Arc<str>, HeaderValue) {
    match HeaderValue::from_str(text) {
        Ok(value) => (Arc::from(text), value),
        Err(_) => (Arc::from("unnamed"), HeaderValue::from_static("unnamed")),
    }
}

fn hex(slots: &mut [u8], mut value: u64) {
    for slot in slots.iter_mut().rev() {
        *slot = b"0123456789abcdef"[(value & 15) as usize];
        value >>= 4;
    }
}

/// 1 to 64 of `[A-Za-z0-9._-]`: what is sent ends up in logs, so it must be harmless.
pub(crate) fn is_sane(value: &[u8]) -> bool {
    (1..=64).contains(&value.len())
        && value
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
#[path = "current_tests.rs"]
mod tests;
