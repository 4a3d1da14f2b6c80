//! The Socket.IO protocol, revision 5: packets as text, one per Engine.IO message
//! (<https://socket.io/docs/v4/socket-io-protocol/>).
//!
//! Only the packets a client may send are read, and only those a server sends are written. What a
//! packet carries stays the text it came as until somebody wants to know.

use serde::Serialize;
use serde_json::value::RawValue;
use types::{Error, ErrorKind, Result};

/// Frames of bytes one event may announce; none of our events takes any.
const MAX_ATTACHMENTS: u8 = 10;
/// Bytes of a namespace: there is one, and another one's name is told back to whoever asks for it,
/// who is nobody yet.
const MAX_NAMESPACE: usize = 256;
/// Arguments of an event, its name aside.
const MAX_ARGUMENTS: usize = 4;

/// A packet from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// Wants into a namespace; `auth` is what the client says of itself.
    Connect { namespace: &'a str, auth: Option<&'a str> },
    /// Leaves a namespace.
    Disconnect { namespace: &'a str },
    /// Says something; the answer, if one is wanted, carries `ack`.
    Event { namespace: &'a str, ack: Option<u64>, arguments: &'a str, attachments: u8 },
    /// Answers what we never ask.
    Ack,
}

impl<'a> Packet<'a> {
    /// Reads a packet; nothing, where it is none.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let kind = *text.as_bytes().first()?;
        let mut rest = text.get(1..)?;
        let mut attachments = 0;
        if matches!(kind, b'5' | b'6') {
            let (count, after) = rest.split_once('-')?;
            attachments = count.parse().ok().filter(|count| *count <= MAX_ATTACHMENTS)?;
            rest = after;
        }
        let mut namespace = "/";
        if rest.starts_with('/') {
            (namespace, rest) = rest.split_once(',').unwrap_or((rest, ""));
            if namespace.len() > MAX_NAMESPACE {
                return None;
            }
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (id, body) = rest.split_at(digits);
        let ack = if id.is_empty() { None } else { Some(id.parse().ok()?) };
        match kind {
            b'0' => Some(Self::Connect { namespace, auth: (!body.is_empty()).then_some(body) }),
            b'1' => Some(Self::Disconnect { namespace }),
            b'2' | b'5' => Some(Self::Event { namespace, ack, arguments: body, attachments }),
            b'3' | b'6' => Some(Self::Ack),
            _ => None,
        }
    }
}

/// An event's name and its first argument.
pub(crate) struct Call<'a> {
    /// What is wanted.
    pub(crate) name: String,
    /// With which payload.
    pub(crate) payload: Option<&'a RawValue>,
}

impl<'a> Call<'a> {
    /// Reads `["name", payload]`.
    ///
    /// # Errors
    /// 400 for anything else.
    pub(crate) fn parse(arguments: &'a str) -> Result<Self> {
        let malformed = || {
            Error::new(
                ErrorKind::Malformed,
                "malformed",
                "An event is a JSON array of its name and one payload.",
            )
        };
        let parts: Vec<&RawValue> = serde_json::from_str(arguments).map_err(|_| malformed())?;
        let (name, payload) = parts.split_first().ok_or_else(malformed)?;
        if payload.len() > MAX_ARGUMENTS {
            return Err(malformed());
        }
        let name = serde_json::from_str(name.get()).map_err(|_| malformed())?;
        Ok(Self { name, payload: payload.first().copied() })
    }
}

/// The answer to a client that was let in.
pub(crate) fn connected(id: &str) -> String {
    format!(r#"0{{"sid":"{id}"}}"#)
}

#[derive(Serialize)]
struct Refusal<'a> {
    message: &'a str,
    data: RefusalData<'a>,
}

#[derive(Serialize)]
struct RefusalData<'a> {
    code: &'a str,
}

/// The answer to a client that was not: the client library's `connect_error`.
pub(crate) fn refused(namespace: &str, error: &Error) -> String {
    let data = RefusalData { code: error.code() };
    let body = text_of(&Refusal { message: error.message(), data });
    if namespace == "/" { format!("4{body}") } else { format!("4{namespace},{body}") }
}

/// An event to a client.
pub(crate) fn event<T: Serialize>(name: &'static str, payload: &T) -> String {
    format!(r#"2["{name}",{}]"#, text_of(payload))
}

/// What was asked for.
pub(crate) fn ack<T: Serialize>(id: u64, payload: &T) -> String {
    format!("3{id}[{}]", text_of(payload))
}

/// The server ends it: a client library does not come back by itself after this.
pub(crate) const DISCONNECT: &str = "1";

/// Our own shapes are always written; should one not be, the client gets nothing rather than half.
fn text_of<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

#[cfg(test)]
#[path = "packet_tests.rs"]
mod tests;
