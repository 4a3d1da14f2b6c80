//! What is remembered of the device that signs in.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::header;
use http::request::Parts;
use types::Secret;
use web::ClientAddr;

use crate::cookies::Cookie;

/// Characters of a user agent that are kept.
const AGENT_CHARS: usize = 256;

/// Address and user agent, so that people recognise their sessions.
#[derive(Clone, Default)]
pub(crate) struct Device {
    pub(crate) ip_address: Option<String>,
    pub(crate) user_agent: Option<String>,
    /// What limits count by: the address, or the network of an IPv6 one.
    pub(crate) address_key: String,
    /// What it shows to need no second factor.
    pub(crate) trusted: Option<Secret<String>>,
}

impl<S: Send + Sync> FromRequestParts<S> for Device {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let client = parts.extensions.get::<ClientAddr>();
        let user_agent = parts.headers.get(header::USER_AGENT);
        // Under either name: where this server lives is not known here, and a token that was set
        // by somebody else is no trusted one.
        let trusted =
            [true, false].iter().find_map(|way| Cookie::TrustedDevice.read(&parts.headers, *way));
        Ok(Self {
            ip_address: client.map(|client| client.0.to_string()),
            address_key: client.map(ClientAddr::limit_key).unwrap_or_default(),
            user_agent: user_agent.map(|agent| {
                let text = String::from_utf8_lossy(agent.as_bytes());
                text.chars().filter(|c| !c.is_control()).take(AGENT_CHARS).collect()
            }),
            trusted: trusted.map(|token| Secret::new(token.to_owned())),
        })
    }
}
