//! Where a browser may be sent after signing in: open redirects lend our name to others.

use types::{Error, ErrorKind, Result};
use web::Origins;

/// Checks a `callbackURL`: a path on this server, or an address below an allowed origin.
///
/// # Errors
/// 403 `invalid_callbackurl`.
pub(super) fn check(url: &str, allowed: [&Origins; 2]) -> Result<()> {
    let good = url.len() <= 2_048
        // Browsers read a backslash as a slash and skip tabs and line breaks.
        && url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && match url.strip_prefix('/') {
            Some(rest) => !rest.starts_with('/'),
            None => origin(url).is_some_and(|origin| {
                allowed.iter().any(|origins| origins.allows(origin.as_bytes()))
            }),
        };
    if good {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Forbidden,
        "invalid_callbackurl",
        "This `callbackURL` leads to a place that is not allowed; use a path of this server, or \
         ask an operator to allow its origin.",
    ))
}

fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    if !matches!(scheme, "http" | "https") {
        return None;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = rest.get(..end)?;
    (!authority.contains('@')).then(|| format!("{scheme}://{}", authority.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_server_and_allowed_origins_are_led_to() {
        let exact = Origins::new(&["https://app.example.com".to_owned()], false);
        let own = Origins::default().with("http://localhost:8080");
        let allowed = |url: &str| check(url, [&exact, &own]).is_ok();
        for good in [
            "/",
            "/dashboard?tab=1#x",
            "https://app.example.com",
            "https://app.example.com/a?b=//c",
            "https://APP.example.com/a",
            "http://localhost:8080/docs",
        ] {
            assert!(allowed(good), "{good}");
        }
        for bad in [
            "",
            "dashboard",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/ /evil",
            "https://evil.example/",
            "https://app.example.com.evil.example",
            "https://app.example.com@evil.example/",
            "https://evil.example#https://app.example.com",
            "http://app.example.com/",
            "javascript://app.example.com/%0aalert(1)",
            "javascript:alert(1)",
            "data:text/html,x",
        ] {
            assert!(!allowed(bad), "{bad}");
        }
    }
}
