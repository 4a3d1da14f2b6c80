//! A WebSocket, spoken to frame by frame.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::people::Person;

const LIMIT: Duration = Duration::from_secs(60);
const TEXT: u8 = 1;
pub(super) const CLOSE: u8 = 8;

pub(super) struct Socket(TcpStream);

impl Socket {
    /// A connection of somebody, let in.
    pub(super) fn open(url: &str, person: &Person) -> Self {
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(LIMIT)).expect("a limit");
        let head = format!(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: {address}\r\n\
             connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("it is sent");
        let (mut answer, mut byte) = (Vec::new(), [0]);
        while !answer.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).expect("an answer");
            answer.push(byte[0]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
        let mut socket = Self(stream);
        socket.hear("0");
        let token = person.token.as_deref().expect("they are signed in");
        socket.say(&format!(r#"40{{"token":"{token}"}}"#));
        socket.hear("40");
        socket
    }

    /// The mask is none, which is one, too.
    pub(super) fn say(&mut self, packet: &str) {
        let mut frame = vec![0x80 | TEXT];
        match u8::try_from(packet.len()) {
            Ok(length) if length < 126 => frame.push(0x80 | length),
            _ => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(packet.len()).expect("a short one").to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(packet.as_bytes());
        self.0.write_all(&frame).expect("it is sent");
    }

    /// The next frame: what it is, and what it carries.
    pub(super) fn next(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).expect("a frame");
        let mut length = usize::from(head[1]);
        if length == 126 {
            let mut long = [0; 2];
            self.0.read_exact(&mut long).expect("a length");
            length = usize::from(u16::from_be_bytes(long));
        }
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).expect("a payload");
        (head[0] & 0x0f, payload)
    }

    /// Waits for a packet that begins like this.
    pub(super) fn hear(&mut self, beginning: &str) {
        loop {
            let (kind, payload) = self.next();
            assert_eq!(kind, TEXT);
            if payload.starts_with(beginning.as_bytes()) {
                return;
            }
        }
    }

    /// Everything that is told up to the first packet in which this is named.
    pub(super) fn told_until(&mut self, named: &str) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            let (kind, payload) = self.next();
            assert_eq!(kind, TEXT, "it ends before {named} is told: {told:?}");
            told.push(String::from_utf8_lossy(&payload).into_owned());
            if told.last().is_some_and(|packet| packet.contains(named)) {
                return told;
            }
        }
    }
}
