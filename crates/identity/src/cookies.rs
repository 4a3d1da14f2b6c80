//! The cookies of this room, read and written.

use http::{HeaderMap, HeaderValue, header};
use types::{Result, Secret};

/// What a cookie keeps. All of them are this server's own secrets: no script reads them, no other
/// site's form sends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The session's token.
    Session,
    /// The first factor was right.
    SecondFactor,
    /// This device needs no second factor.
    TrustedDevice,
    /// This browser was sent to a provider.
    OAuthState,
    /// This browser was given a passkey challenge.
    Passkey,
    /// The session of the platform owner who acts as somebody else.
    Impersonator,
}

impl Cookie {
    /// Over https the `__Host-` prefix makes browsers refuse a cookie that another host, a path
    /// or plain http tried to set; over http (development) browsers would refuse it always.
    pub(crate) const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-sixfold",
            (Self::Session, false) => "sixfold_session",
            (Self::SecondFactor, true) => "__Host-sixfold-two-factor",
            (Self::SecondFactor, false) => "sixfold_two_factor",
            (Self::TrustedDevice, true) => "__Host-sixfold-trusted",
            (Self::TrustedDevice, false) => "sixfold_trusted",
            (Self::OAuthState, true) => "__Host-sixfold-oauth",
            (Self::OAuthState, false) => "sixfold_oauth",
            (Self::Passkey, true) => "__Host-sixfold-passkey",
            (Self::Passkey, false) => "sixfold_passkey",
            (Self::Impersonator, true) => "__Host-sixfold-impersonator",
            (Self::Impersonator, false) => "sixfold_impersonator",
        }
    }

    /// Its value, if it was sent.
    pub(crate) fn read(self, headers: &HeaderMap, secure: bool) -> Option<&str> {
        let name = self.name(secure);
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.split_once('='))
            .find(|(found, _)| found.trim() == name)
            .map(|(_, value)| value.trim().trim_matches('"'))
    }

    /// Sets it for `seconds`; without, the browser forgets it when it closes.
    ///
    /// # Errors
    /// Never with a token of ours.
    pub(crate) fn set(
        self,
        secure: bool,
        token: &Secret<String>,
        seconds: Option<u64>,
    ) -> Result<HeaderValue> {
        let mut text = format!("{}={}", self.name(secure), token.reveal());
        if let Some(seconds) = seconds {
            text.push_str(&format!("; Max-Age={seconds}"));
        }
        finish(text, secure)
    }

    /// Takes away everything a browser keeps of a visit: who is in, who awaits the second factor and
    /// whose session waits until they no longer act as somebody else.
    ///
    /// # Errors
    /// Never.
    pub(crate) fn of_visit(secure: bool) -> Result<Vec<HeaderValue>> {
        let all = [Self::Session, Self::SecondFactor, Self::Impersonator];
        all.into_iter().map(|cookie| cookie.clear(secure)).collect()
    }

    /// Takes it away.
    ///
    /// # Errors
    /// Never.
    pub(crate) fn clear(self, secure: bool) -> Result<HeaderValue> {
        finish(format!("{}=; Max-Age=0", self.name(secure)), secure)
    }
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
#[path = "cookies_tests.rs"]
mod tests;
