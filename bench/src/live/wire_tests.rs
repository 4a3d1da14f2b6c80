use super::{Frame, TEXT, parse};

fn text(length: usize) -> Vec<u8> {
    let mut frame = vec![0x81];
    match length {
        0..126 => frame.push(length as u8),
        126..65_536 => {
            frame.push(126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.resize(frame.len() + length, b'x');
    frame
}

#[test]
fn a_frame_is_found_when_all_of_it_is_there() {
    for length in [0, 1, 125, 126, 65_535, 65_536] {
        let frame = text(length);
        for end in 0..frame.len().min(20) {
            assert_eq!(parse(&frame, &(0..end)).expect("no error"), None, "{end} of {length}");
        }
        // With something of another before and after it.
        let mut buffer = vec![0xff; 3];
        buffer.extend_from_slice(&frame);
        let end = buffer.len();
        buffer.push(0x81);
        let found = parse(&buffer, &(3..buffer.len())).expect("no error");
        assert_eq!(found, Some(Frame { opcode: TEXT, payload: end - length..end }));
    }
}

#[test]
fn what_a_server_never_sends_is_refused() {
    for frame in [[0x01, 0x00], [0x81, 0x80]] {
        assert!(parse(&frame, &(0..2)).is_err());
    }
    let mut huge = text(0);
    huge[1] = 127;
    huge.extend_from_slice(&u64::MAX.to_be_bytes());
    assert!(parse(&huge, &(0..huge.len())).is_err());
}
