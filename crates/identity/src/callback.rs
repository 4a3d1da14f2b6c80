//! Where a browser may be sent after signing in: open redirects lend our name to others.

use types::{Error, ErrorKind, Result};
use url::form_urlencoded;
use web::Origins;

use crate::IdentityApp;

impl IdentityApp {
    /// Whether a browser may be sent there.
    ///
    /// # Errors
    /// 403 `invalid_callback_url`.
    pub(crate) fn check_callback(&self, url: Option<&str>) -> Result<()> {
        url.map_or(Ok(()), |url| check(url, [&self.parts.callbacks, &self.parts.origins]))
    }

    /// Where the app lives that links in mails lead to, without a slash at the end.
    pub(crate) fn app_url(&self) -> &str {
        let app = &self.parts.settings.app_url;
        if app.is_empty() { &self.parts.public_url } else { app.trim_end_matches('/') }
    }

    /// An address of this server with a query, for a mail; made from the configured address only.
    pub(crate) fn link(&self, path: &str, query: &[(&str, &str)]) -> String {
        with_query(&format!("{}{path}", self.parts.public_url), query)
    }
}

/// Adds a query to a checked address; what it had stays, a fragment stays last.
pub(crate) fn with_query(url: &str, query: &[(&str, &str)]) -> String {
    let added = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let (address, fragment) = url.split_once('#').map_or((url, None), |(a, f)| (a, Some(f)));
    let sign = match address.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    let fragment = fragment.map(|text| format!("#{text}")).unwrap_or_default();
    format!("{address}{sign}{added}{fragment}")
}

/// Checks a `callbackURL`: a path on this server, or an address below an allowed origin.
///
/// # Errors
/// 403 `invalid_callback_url`.
fn check(url: &str, allowed: [&Origins; 2]) -> Result<()> {
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
        "invalid_callback_url",
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
    fn a_query_is_added_to_what_is_there() {
        for (url, made) in [
            ("/a", "/a?error=x+y%26"),
            ("/a?", "/a?error=x+y%26"),
            ("/a?b=1", "/a?b=1&error=x+y%26"),
            ("https://h/a?b=1#c", "https://h/a?b=1&error=x+y%26#c"),
        ] {
            assert_eq!(with_query(url, &[("error", "x y&")]), made);
        }
    }

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
