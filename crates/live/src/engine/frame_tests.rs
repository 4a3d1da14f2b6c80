use proptest::prelude::*;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role};
use tungstenite::{Message, WebSocket};

use super::Frame;

fn read(bytes: &[u8]) -> Message {
    let stream = std::io::Cursor::new(bytes.to_vec());
    WebSocket::from_raw_socket(stream, Role::Client, None).read().expect("a frame")
}

proptest! {
    /// Any client reads the packet that was meant, however long it is.
    #[test]
    fn a_frame_is_read_as_its_packet(text in ".{0,300}", times in 0_usize..400) {
        let text = text.repeat(times);
        let frame = Frame::from(text.as_str());
        prop_assert_eq!(String::from_utf8_lossy(frame.as_packet()), format!("4{text}"));
        prop_assert_eq!(read(frame.on_the_wire()), Message::text(format!("4{text}")));
    }
}

#[test]
fn lengths_at_the_edges_are_said_as_the_standard_asks() {
    for length in [0, 1, 124, 125, 126, 65_534, 65_535, 65_536] {
        let text = "x".repeat(length);
        let frame = Frame::from(text.as_str());
        assert_eq!(read(frame.on_the_wire()), Message::text(format!("4{text}")), "{length}");
    }
}

#[test]
fn what_is_said_often_is_a_packet_too() {
    for (frame, packet) in
        [(Frame::PING, "2"), (Frame::CLOSE, "1"), (Frame::NOTHING, "6"), (Frame::PROBED, "3probe")]
    {
        assert_eq!(frame.as_packet(), packet.as_bytes());
        assert_eq!(read(frame.on_the_wire()), Message::text(packet));
    }
    let away = CloseFrame { code: CloseCode::Away, reason: "".into() };
    assert_eq!(read(Frame::END.on_the_wire()), Message::Close(Some(away)));
    assert!(Frame::END.as_packet().is_empty());
}
