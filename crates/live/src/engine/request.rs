//! What a request wants, as its address says.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};
use types::Shortage;

/// The revision of the protocol that is spoken.
const REVISION: &str = "4";

/// What a request wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Packets; without a name a new session.
    Poll { name: Option<String> },
    /// To say something.
    Post { name: String },
    /// To become a WebSocket; without a name as a new session.
    Socket { name: Option<String>, key: HeaderValue },
}

/// What a request is refused for: the codes of the reference server, which clients may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    UnknownTransport,
    UnknownSession,
    BadMethod,
    BadRequest,
    UnknownRevision,
    /// Not one of theirs: too large a body.
    TooLarge,
    /// Nor this: too many sessions.
    Overloaded,
}

impl Wanted {
    pub(super) fn of<B>(request: &http::Request<B>) -> Result<Self, Refusal> {
        let query = request.uri().query().unwrap_or_default();
        let find = |wanted: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.filter(|(name, _)| *name == wanted).map(|(_, value)| value).next()
        };
        let socket = match find("transport") {
            Some("polling") => false,
            Some("websocket") => true,
            _ => return Err(Refusal::UnknownTransport),
        };
        if find("EIO") != Some(REVISION) {
            return Err(Refusal::UnknownRevision);
        }
        let name = find("sid").map(str::to_owned);
        match (request.method(), name) {
            (&Method::GET, name) if socket => Ok(Self::Socket { name, key: key(request)? }),
            (&Method::GET, name) => Ok(Self::Poll { name }),
            (&Method::POST, Some(name)) if !socket => Ok(Self::Post { name }),
            (&Method::POST, Some(_)) => Err(Refusal::BadRequest),
            _ => Err(Refusal::BadMethod),
        }
    }
}

/// The key of a WebSocket's handshake (RFC 6455, section 4.2.1).
fn key<B>(request: &http::Request<B>) -> Result<HeaderValue, Refusal> {
    let says = |name, wanted: &str| {
        let values = request.headers().get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(wanted))
    };
    let asks = says(header::CONNECTION, "upgrade")
        && says(header::UPGRADE, "websocket")
        && says(header::SEC_WEBSOCKET_VERSION, "13");
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).filter(|_| asks);
    key.cloned().ok_or(Refusal::BadRequest)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, body) = match self {
            Self::UnknownTransport => (400, r#"{"code":0,"message":"Transport unknown"}"#),
            Self::UnknownSession => (400, r#"{"code":1,"message":"Session ID unknown"}"#),
            Self::BadMethod => (400, r#"{"code":2,"message":"Bad handshake method"}"#),
            Self::BadRequest => (400, r#"{"code":3,"message":"Bad request"}"#),
            Self::UnknownRevision => {
                (400, r#"{"code":5,"message":"Unsupported protocol version"}"#)
            }
            Self::TooLarge => (413, r#"{"code":3,"message":"The body is too large"}"#),
            Self::Overloaded => (503, r#"{"code":4,"message":"Too many connections; come back"}"#),
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut answer =
            (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
        if self == Self::Overloaded {
            answer.extensions_mut().insert(Shortage::LiveConnections);
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        answer
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
