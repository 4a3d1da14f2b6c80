//! What is remembered of the device that signs in.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::header;
use http::request::Parts;
use web::PeerAddr;

/// Characters of a user agent that are kept.
const AGENT_CHARS: usize = 256;

/// Address and user agent, so that people recognise their sessions.
#[derive(Clone, Default)]
pub(crate) struct Device {
    pub(crate) ip_address: Option<String>,
    pub(crate) user_agent: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Device {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let ip_address = parts.extensions.get::<PeerAddr>();
        let user_agent = parts.headers.get(header::USER_AGENT);
        Ok(Self {
            ip_address: ip_address.map(|peer| peer.0.ip().to_canonical().to_string()),
            user_agent: user_agent.map(|agent| {
                let text = String::from_utf8_lossy(agent.as_bytes());
                text.chars().filter(|c| !c.is_control()).take(AGENT_CHARS).collect()
            }),
        })
    }
}
