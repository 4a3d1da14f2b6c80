//! What is told to clients: packets, in the bytes they travel in.

use std::fmt;

use bytes::Bytes;

/// The opcode and the end of a message that is one frame (RFC 6455, section 5.2).
const WHOLE_TEXT: u8 = 0x81;
const WHOLE_CLOSE: u8 = 0x88;

/// A packet that is kept as the WebSocket frame it travels in, which is the same for everybody: a
/// server's frames are not masked. A client that polls is sent its end, the packet itself.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    bytes: Bytes,
    /// Where the packet begins.
    head: u8,
}

impl Frame {
    /// Whether the client is still there.
    pub(super) const PING: Self = Self::of_one(&[WHOLE_TEXT, 1, b'2']);
    /// The connection ends.
    pub(super) const CLOSE: Self = Self::of_one(&[WHOLE_TEXT, 1, b'1']);
    /// Nothing: ends a request that waits.
    pub(super) const NOTHING: Self = Self::of_one(&[WHOLE_TEXT, 1, b'6']);
    /// A probed WebSocket works.
    pub(super) const PROBED: Self = Self {
        bytes: Bytes::from_static(&[WHOLE_TEXT, 6, b'3', b'p', b'r', b'o', b'b', b'e']),
        head: 2,
    };
    /// The WebSocket ends, because the server goes away (1001): no packet, so nothing for a client
    /// that polls.
    pub(super) const END: Self =
        Self { bytes: Bytes::from_static(&[WHOLE_CLOSE, 2, 0x03, 0xe9]), head: 4 };

    const fn of_one(bytes: &'static [u8; 3]) -> Self {
        Self { bytes: Bytes::from_static(bytes), head: 2 }
    }

    /// A packet of a kind, as its digit says.
    pub(super) fn packet(kind: u8, text: &str) -> Self {
        let length = text.len() + 1;
        let mut bytes = Vec::with_capacity(length + 10);
        bytes.push(WHOLE_TEXT);
        match (u8::try_from(length), u16::try_from(length)) {
            (Ok(length), _) if length < 126 => bytes.push(length),
            (_, Ok(length)) => {
                bytes.push(126);
                bytes.extend_from_slice(&length.to_be_bytes());
            }
            _ => {
                bytes.push(127);
                bytes.extend_from_slice(&u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes());
            }
        }
        let head = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
        bytes.push(kind);
        bytes.extend_from_slice(text.as_bytes());
        Self { bytes: bytes.into(), head }
    }

    /// What a WebSocket library writes of its own: whole frames, without a packet for others.
    pub(super) fn raw(bytes: &[u8]) -> Self {
        Self { bytes: Bytes::copy_from_slice(bytes), head: 0 }
    }

    /// As it goes over a WebSocket.
    pub(super) fn on_the_wire(&self) -> &[u8] {
        &self.bytes
    }

    /// As a client that polls gets it.
    pub(super) fn as_packet(&self) -> &[u8] {
        self.bytes.get(usize::from(self.head)..).unwrap_or_default()
    }
}

/// A message: what the layer above says.
impl From<&str> for Frame {
    fn from(message: &str) -> Self {
        Self::packet(b'4', message)
    }
}

impl From<String> for Frame {
    fn from(message: String) -> Self {
        Self::from(message.as_str())
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.as_packet()))
    }
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
