//! Credentials in the address: addresses end up in logs, histories and referrers of others.

use std::borrow::Cow;

use types::{Error, ErrorKind};

/// Names that only ever carry a credential.
const NAMES: [&str; 7] =
    ["access_token", "api_key", "apikey", "api-key", "x-api-key", "authorization", "bearer"];
/// What every API key of ours starts with, whatever the parameter is called.
const KEY_PREFIX: &str = "gsk_";

/// Refuses a query string that carries an API key or an access token.
pub(crate) fn credential_in_query(query: &str) -> Option<Error> {
    let found = query.split('&').any(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        // Names that merely look alike (`apiKeyId=…`) are ordinary filters.
        NAMES.iter().any(|bad| bad.eq_ignore_ascii_case(&decoded(name)))
            || decoded(value).starts_with(KEY_PREFIX)
    });
    found.then(|| {
        Error::new(
            ErrorKind::Malformed,
            "credential_in_query",
            "Send credentials in the `Authorization: Bearer …` or `X-API-Key` header, never in \
             the address; consider this one leaked and revoke it.",
        )
    })
}

fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let decoded = form_urlencoded::parse(text.as_bytes()).next();
    decoded.map_or(Cow::Borrowed(text), |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_tokens_are_refused_in_any_spelling() {
        for bad in [
            "key=gsk_abc",
            "a=1&token=gsk_abc",
            "access_token=x",
            "ACCESS_TOKEN=x",
            "api_key=1",
            "apiKey=1",
            "api%5Fkey=1",
            "q=%67sk_abc",
        ] {
            assert_eq!(
                credential_in_query(bad).map(|e| e.code().to_owned()).as_deref(),
                Some("credential_in_query"),
                "{bad}"
            );
        }
        for good in ["", "limit=5", "apiKeyId=key_01", "token=abc", "type=access_token", "q=%"] {
            assert!(credential_in_query(good).is_none(), "{good}");
        }
    }
}
