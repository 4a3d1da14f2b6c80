//! The numbers of the edge.

use std::time::Duration;

use kernel::AddressRange;
use serde::{Deserialize, Serialize};

use crate::origin::is_origin;

/// Settings of the edge; every one has a default.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Origins of web pages that may call with cookies, matched exactly, e.g.
    /// `https://app.example.com`. The server's own origin needs no entry.
    pub cors_origins: Vec<String>,
    /// Addresses and ranges of proxies that may say in `X-Forwarded-For` where a request comes
    /// from, e.g. `10.0.0.0/8`. Nobody else is believed.
    pub trusted_proxies: Vec<String>,
    /// A request that has no answer after this many milliseconds is answered 503.
    pub request_timeout_ms: u64,
    /// The largest request body in bytes, unless a route says otherwise.
    pub body_limit_bytes: usize,
    /// Requests worked on at once; one more is answered 503 at once. An eighth of them, from one
    /// address, may wait for their bodies, and half of them in all.
    pub max_in_flight: usize,
    /// When requests wait longer than so many milliseconds for the store, even those that wait
    /// least, a share of them is answered 503 at once; 0: none is.
    pub wait_target_ms: u64,
    /// A connection that sends no complete request head for this many milliseconds is closed;
    /// this is also how long a handshake may take and an idle connection is kept.
    pub header_read_timeout_ms: u64,
    /// A connection whose client takes nothing of what is written to it for this many milliseconds,
    /// or has vanished for four times as long, is cut off.
    pub write_timeout_ms: u64,
    /// A request that takes longer than this many milliseconds is told in the log, with its slow
    /// statements; 0: none is.
    pub slow_request_ms: u64,
    /// Connections open at once; one more is answered 503 and closed.
    pub max_connections: usize,
    /// TLS handshakes under way at once; further ones wait for their turn.
    pub max_handshakes: usize,
    /// How many hours an answer is given again to a request that is sent again with the same
    /// `Idempotency-Key`.
    pub idempotency_hours: u64,
    /// How long requests in flight may take to finish when the server stops, in milliseconds.
    pub shutdown_grace_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            request_timeout_ms: 30_000,
            body_limit_bytes: 1024 * 1024,
            max_in_flight: 4_096,
            wait_target_ms: 0,
            header_read_timeout_ms: 10_000,
            write_timeout_ms: 30_000,
            slow_request_ms: 1_000,
            max_connections: 10_000,
            max_handshakes: 512,
            idempotency_hours: 24,
            shutdown_grace_ms: 10_000,
        }
    }
}

impl Settings {
    /// Every mistake as (key, sentence), so that boot can report them together.
    #[must_use]
    pub fn mistakes(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        for origin in &self.cors_origins {
            if !is_origin(origin) {
                found.push((
                    "cors_origins",
                    format!("`{origin}` is not an origin; write it like `https://app.example.com`, without a path or `*`"),
                ));
            }
        }
        for proxy in
            self.trusted_proxies.iter().filter(|text| text.parse::<AddressRange>().is_err())
        {
            found.push((
                "trusted_proxies",
                format!("`{proxy}` is not an address or a range; write it like `10.0.0.0/8`"),
            ));
        }
        let numbers = [
            ("request_timeout_ms", self.request_timeout_ms == 0),
            ("body_limit_bytes", self.body_limit_bytes == 0),
            ("max_in_flight", self.max_in_flight == 0),
            ("header_read_timeout_ms", self.header_read_timeout_ms == 0),
            ("write_timeout_ms", self.write_timeout_ms == 0),
            ("max_connections", self.max_connections == 0),
            ("max_handshakes", self.max_handshakes == 0),
            ("idempotency_hours", self.idempotency_hours == 0),
        ];
        for (key, wrong) in numbers {
            if wrong {
                found.push((key, "must be at least 1".to_owned()));
            }
        }
        found
    }

    /// Waiting longer than this is too long; none when that is nobody's business.
    #[must_use]
    pub fn wait_target(&self) -> Option<Duration> {
        (self.wait_target_ms > 0).then(|| Duration::from_millis(self.wait_target_ms))
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    pub(crate) fn slow_request(&self) -> Duration {
        match self.slow_request_ms {
            0 => Duration::MAX,
            ms => Duration::from_millis(ms),
        }
    }

    pub(crate) fn header_read_timeout(&self) -> Duration {
        Duration::from_millis(self.header_read_timeout_ms)
    }

    pub(crate) fn write_timeout(&self) -> Duration {
        Duration::from_millis(self.write_timeout_ms)
    }

    pub(crate) fn idempotency(&self) -> Duration {
        Duration::from_secs(self.idempotency_hours.saturating_mul(3_600))
    }

    pub(crate) fn shutdown_grace(&self) -> Duration {
        Duration::from_millis(self.shutdown_grace_ms)
    }
}
