//! The headers every answer carries, built once.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};

pub(crate) const X_RESPONSE_TIME: HeaderName = HeaderName::from_static("x-response-time");

const PERMISSIONS: &str = "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()";

/// Security headers; a route that sets one of them itself keeps its own (the docs page does).
pub(crate) fn standing(https: bool) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = vec![
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("same-origin"),
        ),
        (HeaderName::from_static("permissions-policy"), HeaderValue::from_static(PERMISSIONS)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    if https {
        // Over plain http the header means nothing, and a development server that sent it would
        // lock its whole host name out of http for a year.
        headers.push((
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        ));
    }
    headers
}

/// A file that somebody else wrote: should a browser show it after all, it is nobody's page.
const SANDBOX: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");

/// Adds what is not there yet.
pub(crate) fn complete(headers: &mut HeaderMap, standing: &[(HeaderName, HeaderValue)]) {
    headers.reserve(standing.len() + 6);
    if headers.contains_key(header::CONTENT_DISPOSITION) {
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(SANDBOX);
    }
    for (name, value) in standing {
        headers.entry(name).or_insert_with(|| value.clone());
    }
}

/// `1.234ms`, without the formatting machinery: this runs for every answer.
pub(crate) fn response_time(elapsed: Duration) -> HeaderValue {
    let mut text = *b"0000000000000000.000ms";
    let mut micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    let mut start = text.len();
    for at in (0..20).rev() {
        if at == 16 {
            continue;
        }
        text[at] = b'0' + (micros % 10) as u8;
        micros /= 10;
        start = at;
        if micros == 0 && at < 16 {
            break;
        }
    }
    HeaderValue::from_bytes(&text[start..]).unwrap_or(HeaderValue::from_static("0ms"))
}

#[cfg(test)]
#[path = "headers_tests.rs"]
mod tests;
