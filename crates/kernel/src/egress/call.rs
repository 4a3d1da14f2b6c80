//! Telling something to an address a user named.

use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response};
use types::PersonId;
use url::Url;

use super::{Egress, Span, lookups};

/// Where in a trace a call is (W3C Trace Context).
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// How much of somebody else's server is put up with, and how much of its answer is kept.
#[derive(Debug, Clone, Copy)]
pub struct CallBounds {
    /// From the first connection to the last byte.
    pub total: Duration,
    /// Bytes of the answer that are read: what comes after them is left where it is.
    pub read: usize,
    /// Of them, bytes that are kept.
    pub keep: usize,
}

/// An answer: its status, and how it begins.
#[derive(Debug, Clone)]
pub struct Called {
    /// Its status.
    pub status: u16,
    /// The header `Retry-After`, when it is a number of seconds.
    pub retry_after_s: Option<u64>,
    /// The beginning of its body.
    pub beginning: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallFailure {
    /// The address itself shows that it may not be called.
    Refused,
    /// Nothing answers there — or it is one of the addresses that users may not send us to: which
    /// of the two is not told, so that nobody maps our network by it.
    Unreachable,
    /// It took too long.
    TimedOut,
    /// Too many calls are under way.
    Busy,
}

impl Egress {
    /// Whether an address may be called, as far as it shows: a name may still lead to where nobody
    /// is sent.
    #[must_use]
    pub fn admits(&self, url: &Url) -> bool {
        self.0.guard.admit(url)
    }

    /// Posts a body to an address that a user named: `of` is who. Those of one person wait for each
    /// other while names are looked up, and for nobody else's.
    ///
    /// Only public addresses are called, by http or https, at their usual ports. A redirect is an
    /// answer like any other and never followed. Whoever is called is told where in a trace this
    /// is: two numbers by chance.
    ///
    /// # Errors
    /// [`CallFailure`], when there is no answer.
    pub async fn post_public(
        &self,
        of: PersonId,
        url: &Url,
        mut headers: HeaderMap,
        body: Vec<u8>,
        bounds: &CallBounds,
    ) -> Result<Called, CallFailure> {
        if !self.admits(url) {
            return Err(CallFailure::Refused);
        }
        let _place = self.0.calls.try_acquire().map_err(|_| CallFailure::Busy)?;
        let client = self.caller().map_err(|_| CallFailure::Unreachable)?;
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let mut span = Span::begin(&Method::POST, None);
        if let Some(value) = span.traceparent().and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(TRACEPARENT, value);
        }
        let request = client.post(url.clone()).headers(headers).body(body);
        let call = async {
            let response = span.ended(request.send().await).map_err(|error| failed(&error))?;
            read(response, bounds).await
        };
        let call = lookups::on_behalf(of, call);
        let outcome = tokio::time::timeout(bounds.total, call).await;
        outcome.unwrap_or_else(|_| {
            span.failed("timeout");
            Err(CallFailure::TimedOut)
        })
    }
}

async fn read(mut response: Response, bounds: &CallBounds) -> Result<Called, CallFailure> {
    let retry_after = response.headers().get(RETRY_AFTER);
    let retry_after_s =
        retry_after.and_then(|value| value.to_str().ok()).and_then(|text| text.trim().parse().ok());
    let status = response.status().as_u16();
    let (mut beginning, mut read) = (Vec::new(), 0);
    while read < bounds.read {
        let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? else { break };
        read += chunk.len();
        let room = bounds.keep.saturating_sub(beginning.len());
        beginning.extend(chunk.iter().take(room));
    }
    Ok(Called { status, retry_after_s, beginning })
}

fn failed(error: &reqwest::Error) -> CallFailure {
    if error.is_timeout() { CallFailure::TimedOut } else { CallFailure::Unreachable }
}
