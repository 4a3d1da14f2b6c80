//! What is read of packets, for `tests/parsers` to hold it against what must hold.

use serde_json::value::RawValue;
use types::Result;

use crate::packet::{Call, Packet};

/// The namespace of a packet, and what stands behind it; nothing, where it is none.
#[must_use]
pub fn packet(text: &str) -> Option<(&str, &str)> {
    Some(match Packet::parse(text)? {
        Packet::Connect { namespace, auth } => (namespace, auth.unwrap_or_default()),
        Packet::Disconnect { namespace } => (namespace, ""),
        Packet::Event { namespace, arguments, .. } => (namespace, arguments),
        Packet::Ack => ("/", ""),
    })
}

/// The name of an event and its payload, as it was sent.
///
/// # Errors
/// 400 for anything else.
pub fn call(arguments: &str) -> Result<(String, Option<&str>)> {
    let call = Call::parse(arguments)?;
    Ok((call.name, call.payload.map(RawValue::get)))
}
