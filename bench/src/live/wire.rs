//! One Socket.IO connection over WebSocket, with as little work for each frame as can be: the
//! generator shares the machine with the server.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client;
use crate::scenario::clip;

/// Bytes of the first buffer; it grows with what comes.
const FIRST: usize = 512;
/// The largest frame that is read.
const MAX_FRAME: usize = 1 << 20;

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// A connection that was let in.
pub(crate) struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// What has arrived and was not read yet.
    waiting: Range<usize>,
}

/// Where a frame is in what has arrived.
#[derive(Debug, PartialEq, Eq)]
struct Frame {
    opcode: u8,
    payload: Range<usize>,
}

impl Wire {
    /// Connects and is let in; a server that knows no accounts is given no token.
    pub(crate) async fn open(
        address: SocketAddr,
        source: Option<Ipv4Addr>,
        token: Option<&str>,
    ) -> Result<Self> {
        let mut stream = client::connect(address, source).await?;
        let request = format!(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: {address}\r\n\
             connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: bm90aGluZyB0byBoaWRlIQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut wire = Self { stream, buffer: vec![0; FIRST], waiting: 0..0 };
        wire.upgraded().await?;
        let opened = wire.packet().await?;
        if !opened.starts_with('0') {
            bail!("expected an open packet: {}", clip(opened));
        }
        let auth = token.map(|token| serde_json::json!({ "token": token }).to_string());
        wire.send(&format!("40{}", auth.unwrap_or_default())).await?;
        let answer = wire.packet().await?;
        if !answer.starts_with("40") {
            bail!("was not let in: {}", clip(answer));
        }
        Ok(wire)
    }

    async fn upgraded(&mut self) -> Result<()> {
        loop {
            let text = &self.buffer[self.waiting.clone()];
            if let Some(end) = text.windows(4).position(|part| part == b"\r\n\r\n") {
                if !text.starts_with(b"HTTP/1.1 101 ") {
                    bail!("no WebSocket: {}", clip(&String::from_utf8_lossy(text)));
                }
                self.waiting.start += end + 4;
                return Ok(());
            }
            self.fill().await?;
        }
    }

    /// Sends a packet.
    pub(crate) async fn send(&mut self, packet: &str) -> Result<()> {
        self.write(TEXT, packet.as_bytes()).await
    }

    /// Asks, and reads on until it is answered.
    pub(crate) async fn ask(&mut self, id: u64, event: &str, body: &str) -> Result<()> {
        self.send(&format!("42{id}[\"{event}\",{body}]")).await?;
        let head = format!("43{id}[");
        loop {
            let packet = self.packet().await?;
            if let Some(answer) = packet.strip_prefix(&head) {
                if answer.contains("\"ok\":true") {
                    return Ok(());
                }
                bail!("{event} was refused: {}", clip(answer));
            }
        }
    }

    /// The next packet that is not about the connection itself.
    pub(crate) async fn packet(&mut self) -> Result<&str> {
        let payload = loop {
            let Some(frame) = parse(&self.buffer, &self.waiting)? else {
                self.fill().await?;
                continue;
            };
            self.waiting.start = frame.payload.end;
            match (frame.opcode, &self.buffer[frame.payload.clone()]) {
                (TEXT, b"2") => self.send("3").await?,
                (TEXT, b"6") | (PONG, _) => {}
                (TEXT, _) => break frame.payload,
                (PING, payload) => {
                    let payload = payload.to_vec();
                    self.write(PONG, &payload).await?;
                }
                (CLOSE, _) => bail!("the server ended the connection"),
                (opcode, _) => bail!("a frame of the kind {opcode} is not expected"),
            }
        };
        Ok(std::str::from_utf8(&self.buffer[payload])?)
    }

    /// One masked frame. The mask is zero, so that nothing has to be changed.
    async fn write(&mut self, opcode: u8, payload: &[u8]) -> Result<()> {
        let mut frame = Vec::with_capacity(payload.len() + 14);
        frame.push(0x80 | opcode);
        match payload.len() {
            length @ 0..126 => frame.push(0x80 | length as u8),
            length @ 126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&(length as u16).to_be_bytes());
            }
            length => {
                frame.push(0x80 | 127);
                frame.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(payload);
        self.stream.write_all(&frame).await.context("could not send")
    }

    /// Reads at least one byte more.
    async fn fill(&mut self) -> Result<()> {
        if self.waiting.is_empty() {
            self.waiting = 0..0;
        }
        if self.waiting.end == self.buffer.len() {
            if self.waiting.start > 0 {
                self.buffer.copy_within(self.waiting.clone(), 0);
                self.waiting = 0..self.waiting.len();
            } else {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
        }
        let count = self.stream.read(&mut self.buffer[self.waiting.end..]).await?;
        if count == 0 {
            bail!("the server ended the connection");
        }
        self.waiting.end += count;
        Ok(())
    }
}

/// The first whole frame of what has arrived. A server does not mask, and ours sends each packet
/// in one frame.
fn parse(buffer: &[u8], waiting: &Range<usize>) -> Result<Option<Frame>> {
    let [first, second, rest @ ..] = &buffer[waiting.clone()] else { return Ok(None) };
    if first & 0x80 == 0 || second & 0x80 != 0 {
        bail!("a frame in parts, or a masked one, is not expected");
    }
    let (length, head) = match second {
        126 => match rest.first_chunk() {
            Some(length) => (usize::from(u16::from_be_bytes(*length)), 4),
            None => return Ok(None),
        },
        127 => match rest.first_chunk() {
            Some(length) => (usize::try_from(u64::from_be_bytes(*length))?, 10),
            None => return Ok(None),
        },
        length => (usize::from(*length), 2),
    };
    if length > MAX_FRAME {
        bail!("a frame of {length} bytes is too large");
    }
    let start = waiting.start + head;
    let whole = start + length <= waiting.end;
    Ok(whole.then_some(Frame { opcode: first & 0x0f, payload: start..start + length }))
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
