//! The session cookie, read and written.

use http::{HeaderMap, HeaderValue, header};
use types::Result;

const SECONDS_PER_DAY: u64 = 86_400;

/// Over https the `__Host-` prefix makes browsers refuse a cookie that another host, a path or
/// plain http tried to set; over http (development) browsers would refuse it always.
pub(super) const fn name(secure: bool) -> &'static str {
    if secure { "__Host-sixfold" } else { "sixfold_session" }
}

/// The value of our cookie, if it was sent.
pub(super) fn read(headers: &HeaderMap, secure: bool) -> Option<&str> {
    let name = name(secure);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.split_once('='))
        .find(|(found, _)| found.trim() == name)
        .map(|(_, value)| value.trim().trim_matches('"'))
}

/// Sets it; without `days` the browser forgets it when it closes.
///
/// # Errors
/// Never with a token of ours.
pub(crate) fn set(secure: bool, token: &str, days: Option<u32>) -> Result<HeaderValue> {
    let mut text = format!("{}={token}", name(secure));
    if let Some(days) = days {
        text.push_str(&format!("; Max-Age={}", u64::from(days) * SECONDS_PER_DAY));
    }
    finish(text, secure)
}

/// Takes it away.
///
/// # Errors
/// Never.
pub(crate) fn clear(secure: bool) -> Result<HeaderValue> {
    finish(format!("{}=; Max-Age=0", name(secure)), secure)
}

fn finish(mut text: String, secure: bool) -> Result<HeaderValue> {
    text.push_str("; Path=/; HttpOnly; SameSite=Lax");
    if secure {
        text.push_str("; Secure");
    }
    let mut value = HeaderValue::try_from(text)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
#[path = "cookie_tests.rs"]
mod tests;
