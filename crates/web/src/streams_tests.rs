//! HTTP/2 frame by frame, as no well-behaved client would send them.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::{get, post};
use telemetry::Connections;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;
use crate::serve as open_door;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `:status: 200` and `431` as hpack writes them.
const OK: u8 = 0x88;
/// `GET / http x` and the same as POST.
const GET_ROOT: &[u8] = &[0x82, 0x86, 0x84, 0x41, 1, b'x'];
const POST_ROOT: &[u8] = &[0x83, 0x86, 0x84, 0x41, 1, b'x'];

#[derive(Debug)]
pub(crate) struct Read {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

fn asked(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_STREAM | END_HEADERS, stream, GET_ROOT)
}

fn posted(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_STREAM | END_HEADERS, stream, POST_ROOT)
}

/// So much of each answer may come before anything more is taken of it.
fn windows(bytes: usize) -> Vec<u8> {
    let bytes = u32::try_from(bytes).unwrap().to_be_bytes();
    frame(SETTINGS, 0, 0, &[&[0, 4][..], &bytes[..]].concat())
}

fn taking(stream: u32) -> Vec<u8> {
    frame(8, 0, stream, &1024_u32.to_be_bytes())
}

/// The next frame that says something; none when the other end has closed.
pub(crate) async fn next(from: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Option<Read> {
    loop {
        let mut head = [0; 9];
        from.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        from.read_exact(&mut payload).await.ok()?;
        let (kind, flags) = (head[3], head[4]);
        let stream = u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]);
        match (kind, flags & ACK) {
            (SETTINGS, 0) => from.write_all(&frame(SETTINGS, ACK, 0, &[])).await.ok()?,
            (PING, 0) => from.write_all(&frame(PING, ACK, 0, &payload)).await.ok()?,
            (SETTINGS | PING, _) => {}
            // More may be sent.
            (8, _) => {}
            _ => return Some(Read { kind, flags, stream, payload }),
        }
    }
}

/// Reads the answer to one request: its first byte, which is the status, and its body.
pub(crate) async fn answer(from: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> (u8, Vec<u8>) {
    let (mut status, mut body) = (0, Vec::new());
    while let Some(read) = next(from).await {
        match read.kind {
            HEADERS => status = read.payload[0],
            DATA => body.extend(&read.payload),
            GOAWAY => {}
            other => panic!("frame {other}: {read:?}"),
        }
        if read.flags & END_STREAM != 0 {
            return (status, body);
        }
    }
    panic!("closed before the answer was there");
}

/// What a client begins with, and one request.
pub(crate) fn opening() -> Vec<u8> {
    [PREFACE, &frame(SETTINGS, 0, 0, &[]), &asked(1)].concat()
}

struct House {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<types::Result<()>>,
}

async fn open(router: Router, settings: Settings) -> House {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(async move {
        let (counted, stopped) = (Connections::default(), async { drop(stopped.await) });
        open_door(listener, router, &settings, None, &counted, stopped).await
    });
    House { address, stop, served }
}

fn hello() -> Router {
    let peer = |axum::Extension(peer): axum::Extension<PeerAddr>| async move { peer.0.to_string() };
    Router::new().route("/", get(peer).post(|body: Bytes| async move { body.len().to_string() }))
}

fn short_and_long() -> Router {
    let long = |_: Bytes| async { vec![b'x'; 3 * PORTION] };
    Router::new().route("/", get(|| async { "short" }).post(long))
}

async fn connect(house: &House, first: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    stream.write_all(first).await.unwrap();
    stream
}

async fn ended(stream: &mut TcpStream) {
    while next(stream).await.is_some() {}
}

#[tokio::test]
async fn prior_knowledge_is_enough_on_the_plain_port() {
    let house = open(hello(), Settings::default()).await;
    let mut stream = connect(&house, &opening()).await;
    let me = stream.local_addr().unwrap().to_string();
    assert_eq!(answer(&mut stream).await, (OK, me.into_bytes()));
    let post = frame(HEADERS, END_HEADERS, 3, POST_ROOT);
    let body = frame(DATA, END_STREAM, 3, b"seven b");
    stream.write_all(&[post, body].concat()).await.unwrap();
    assert_eq!(answer(&mut stream).await, (OK, b"7".to_vec()));
}

#[tokio::test]
async fn an_answer_is_whole_however_long() {
    let long: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let own = Bytes::from(long.clone());
    let router = Router::new().route("/", get(|| async { own }));
    let house = open(router, Settings::default()).await;
    let settings = frame(SETTINGS, 0, 0, &[0, 4, 0, 0x10, 0, 0]);
    let window = frame(8, 0, 0, &0x0010_0000_u32.to_be_bytes());
    let mut stream = connect(&house, &[PREFACE, &settings, &window, &asked(1)].concat()).await;
    let (status, body) = answer(&mut stream).await;
    assert_eq!(status, OK);
    assert!(body == long, "{} bytes of {}", body.len(), long.len());
}

#[tokio::test]
async fn more_headers_than_over_http1_are_not_read() {
    let house = open(hello(), Settings::default()).await;
    let mut head = GET_ROOT.to_vec();
    for n in 0..=MAX_HEADERS {
        // A literal without indexing: `hNNN: x`.
        head.extend([0, 4]);
        head.extend(format!("h{n:03}").bytes());
        head.extend([1, b'x']);
    }
    let many = frame(HEADERS, END_STREAM | END_HEADERS, 1, &head);
    let mut stream = connect(&house, &[PREFACE, &frame(SETTINGS, 0, 0, &[]), &many].concat()).await;
    let (status, body) = answer(&mut stream).await;
    assert!(status != OK && body.is_empty(), "{status} {body:?}");
}

#[tokio::test]
async fn a_head_larger_than_over_http1_is_not_kept() {
    let house = open(hello(), Settings::default()).await;
    let settings = frame(SETTINGS, 0, 0, &[]);
    let mut stream = connect(&house, &[PREFACE, &settings].concat()).await;
    // One header of 16 KiB in each frame, and no end of them.
    let mut literal = vec![0, 1, b'a', 0x7f, 0x81, 0x7e];
    literal.resize(16_000, b'x');
    let mut sent = frame(HEADERS, END_STREAM, 1, GET_ROOT);
    for _ in 0..64 {
        sent.extend(frame(9, 0, 1, &literal));
    }
    let _ = stream.write_all(&sent).await;
    // It is refused, or the connection is closed: what it is not is served.
    while let Some(read) = next(&mut stream).await {
        assert!(read.kind != HEADERS || read.payload[0] != OK, "{read:?}");
        if read.kind == GOAWAY || read.kind == RESET || read.kind == HEADERS {
            break;
        }
    }
    let mut other = connect(&house, &opening()).await;
    assert_eq!(answer(&mut other).await.0, OK);
}

#[tokio::test]
async fn who_only_takes_requests_back_is_cut_off() {
    let router = Router::new().route("/", get(std::future::pending::<()>));
    let house = open(router, Settings::default()).await;
    let mut stream = connect(&house, &[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await;
    for n in 0..10_000_u32 {
        let id = n * 2 + 1;
        let cancel = frame(RESET, 0, id, &8_u32.to_be_bytes());
        if stream.write_all(&[asked(id), cancel].concat()).await.is_err() {
            break;
        }
    }
    ended(&mut stream).await;
}

#[tokio::test]
async fn who_takes_no_answer_is_given_up() {
    let settings = Settings {
        max_connections: 1,
        header_read_timeout_ms: 40,
        write_timeout_ms: 100,
        ..Settings::default()
    };
    let house = open(hello(), settings).await;
    // A window of nothing: every ping is answered, and no byte of an answer may be sent.
    let nothing = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let mut first = connect(&house, &[PREFACE, &nothing, &asked(1)].concat()).await;
    ended(&mut first).await;
    let mut second = connect(&house, &opening()).await;
    assert_eq!(answer(&mut second).await.0, OK);
}

/// With nothing the answer stays with the house, with one byte a part of it lies in the connection's
/// buffers, and with all but a portion nothing is missing of it there but its end.
#[tokio::test]
async fn an_answer_that_is_not_taken_ends_alone_however_lively_the_others_are() {
    for window in [0, 1, 2 * PORTION + 1] {
        let settings = Settings { write_timeout_ms: 50, ..Settings::default() };
        let house = open(short_and_long(), settings).await;
        // One whose request is not there yet has nothing that could lie.
        let coming = frame(HEADERS, END_HEADERS, 3, POST_ROOT);
        let first = [PREFACE, &windows(window), &posted(1), &coming].concat();
        let mut stream = connect(&house, &first).await;
        let mut after = 0;
        for id in (5..2_000).step_by(2) {
            stream.write_all(&[asked(id), taking(id)].concat()).await.unwrap();
            let mut over = false;
            while !over {
                let read = next(&mut stream).await.expect("the others are served");
                if (read.kind, read.stream) == (RESET, 1) {
                    assert_eq!((read.payload, after), (8_u32.to_be_bytes().to_vec(), 0));
                    after = 1;
                } else {
                    over = read.stream == id && read.flags & END_STREAM != 0;
                }
            }
            // Longer than anything may lie there: all of it was let go of.
            after += usize::from(after > 0);
            if after > 40 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(after > 40, "{window}: it was never given up");
    }
}

#[tokio::test]
async fn who_leaves_many_answers_to_lie_is_cut_off() {
    for (many, each_alone) in [(LEFT, true), (4 * LEFT, false)] {
        let settings = Settings { write_timeout_ms: 50, ..Settings::default() };
        let house = open(short_and_long(), settings).await;
        let mut first = [PREFACE, &windows(0)].concat();
        first.extend((1_u32..).step_by(2).take(many).flat_map(posted));
        let mut stream = connect(&house, &first).await;
        let mut resets = 0;
        while resets < many
            && let Some(read) = next(&mut stream).await
        {
            resets += usize::from(read.kind == RESET);
        }
        assert_eq!(resets == many, each_alone, "{resets} of {many}");
    }
}

/// It has no task any more, which could be ended.
#[tokio::test]
async fn a_short_answer_that_lies_in_the_buffers_with_its_end_ends_the_connection() {
    let settings = Settings { write_timeout_ms: 50, ..Settings::default() };
    let house = open(short_and_long(), settings).await;
    let mut stream = connect(&house, &[PREFACE, &windows(1), &asked(1)].concat()).await;
    while let Some(read) = next(&mut stream).await {
        assert!(read.kind == HEADERS || read.kind == DATA, "{read:?}");
    }
}

/// Each takes one portion of its answer after the other, and none is ever left to lie for long.
#[tokio::test]
async fn a_slow_line_is_no_reason_to_give_up() {
    let router = Router::new().route("/", get(|| async { vec![b'x'; 20 * PORTION] }));
    let settings = Settings { write_timeout_ms: 1_000, ..Settings::default() };
    let house = open(router, settings).await;
    let none = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let portion = u32::try_from(PORTION).unwrap().to_be_bytes();
    let more = [frame(8, 0, 1, &portion), frame(8, 0, 0, &portion)].concat();
    let mut stream = connect(&house, &[PREFACE, &none, &asked(1)].concat()).await;
    let mut came = 0;
    for _ in 0..20 {
        // In all longer than anything may lie there.
        tokio::time::sleep(Duration::from_millis(120)).await;
        stream.write_all(&more).await.unwrap();
        let mut portion = PORTION;
        while portion > 0 {
            let read = next(&mut stream).await.expect("it is not given up");
            if read.kind == DATA {
                (came, portion) = (came + read.payload.len(), portion - read.payload.len());
            }
        }
    }
    assert_eq!(came, 20 * PORTION);
}

#[tokio::test]
async fn a_connection_nobody_uses_ends() {
    let settings = Settings { header_read_timeout_ms: 40, ..Settings::default() };
    let house = open(hello(), settings).await;
    let mut stream = connect(&house, &opening()).await;
    assert_eq!(answer(&mut stream).await.0, OK);
    assert_eq!(next(&mut stream).await.map(|read| read.kind), Some(GOAWAY));
    ended(&mut stream).await;
}

#[tokio::test]
async fn what_is_in_flight_is_finished_before_the_door_closes() {
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (inside, gate) = (Arc::clone(&entered), Arc::clone(&leave));
    let router = Router::new().route(
        "/",
        get(move || async move {
            inside.notify_one();
            gate.notified().await;
            "finished"
        }),
    );
    let house = open(router, Settings::default()).await;
    let mut stream = connect(&house, &opening()).await;
    entered.notified().await;
    house.stop.send(()).unwrap();
    assert_eq!(next(&mut stream).await.map(|read| read.kind), Some(GOAWAY));
    assert!(!house.served.is_finished());
    leave.notify_one();
    assert_eq!(answer(&mut stream).await, (OK, b"finished".to_vec()));
    ended(&mut stream).await;
    house.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn who_is_still_sending_gets_their_answer() {
    let router = Router::new().route("/", post(|| async { StatusCode::PAYLOAD_TOO_LARGE }));
    let house = open(router, Settings::default()).await;
    let mut stream = connect(&house, &[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await;
    let head = frame(HEADERS, END_HEADERS, 1, POST_ROOT);
    let part = frame(DATA, 0, 1, &[b'x'; 16_000]);
    stream.write_all(&[head, part].concat()).await.unwrap();
    let (status, _) = answer(&mut stream).await;
    assert!(status != OK && status != 0);
    // The connection is as good as before.
    stream.write_all(&asked(3)).await.unwrap();
    loop {
        let read = next(&mut stream).await.expect("it is open");
        if read.kind == HEADERS && read.stream == 3 {
            break;
        }
    }
}
