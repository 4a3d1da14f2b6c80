//! The engine with a handler that only listens, spoken to as clients do: over HTTP and WebSocket,
//! in memory.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::any;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use super::*;

#[derive(Default)]
struct Ear {
    names: AtomicUsize,
    heard: Mutex<Vec<String>>,
    left: AtomicUsize,
}

impl Handler for Arc<Ear> {
    type Data = ();
    fn name(&self) -> Arc<str> {
        format!("s{}", self.names.fetch_add(1, Ordering::Relaxed)).into()
    }
    fn meet(&self, _: &Parts) {}
    fn came(&self, _: &Arc<Session<Self>>) {}
    fn said(&self, session: &Arc<Session<Self>>, text: &str) {
        self.heard.lock().unwrap().push(format!("{}: {text}", session.id));
    }
    fn sent_bytes(&self, session: &Arc<Session<Self>>) {
        self.heard.lock().unwrap().push(format!("{}: bytes", session.id));
    }
    fn left(&self, _: &Arc<Session<Self>>) {
        self.left.fetch_add(1, Ordering::Relaxed);
    }
}

struct House {
    ear: Arc<Ear>,
    engine: Arc<Engine<Arc<Ear>>>,
    router: Router,
}

const USUAL: Config = Config {
    heartbeat: Duration::from_secs(30),
    heartbeat_timeout: Duration::from_secs(60),
    queue: 100,
    max_bytes: 1000,
    max_sessions: 3,
};

fn house(config: Config) -> House {
    let ear = Arc::new(Ear::default());
    let engine = Engine::start(Arc::clone(&ear), config, Open::default());
    let own = Arc::clone(&engine);
    let answer = move |request: Request| Arc::clone(&own).answer(request);
    House { ear, engine, router: Router::new().route("/socket.io/", any(answer)) }
}

impl House {
    /// A connection; the client's end of it.
    fn connect(&self, buffer: usize) -> DuplexStream {
        let (client, server) = tokio::io::duplex(buffer);
        let service = TowerToHyperService::new(self.router.clone());
        tokio::spawn(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(server), service)
                .with_upgrades(),
        );
        client
    }

    /// Status and body of a request.
    async fn ask(&self, method: &str, query: &str, body: &str) -> (u16, String) {
        let mut stream = self.connect(64 * 1024);
        let head = format!(
            "{method} /socket.io/?EIO=4&{query} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    async fn poll(&self, name: &str) -> (u16, String) {
        self.ask("GET", &format!("transport=polling&sid={name}"), "").await
    }

    async fn post(&self, name: &str, body: &str) -> (u16, String) {
        self.ask("POST", &format!("transport=polling&sid={name}"), body).await
    }

    /// A session that polls.
    async fn open(&self) -> Arc<Session<Arc<Ear>>> {
        let (status, body) = self.ask("GET", "transport=polling", "").await;
        assert_eq!(status, 200, "{body}");
        let opening: serde_json::Value = serde_json::from_str(&body[1..]).unwrap();
        self.engine.find(opening["sid"].as_str().unwrap()).unwrap()
    }

    /// A WebSocket, of a session that polls or of its own.
    async fn socket(&self, name: Option<&str>, buffer: usize) -> Client {
        let (head, client) = self.handshake(name, buffer).await;
        assert!(head.starts_with("http/1.1 101"), "{head}");
        // The example of RFC 6455, section 1.3.
        assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        client
    }

    /// Asks for one; the head of the answer.
    async fn handshake(&self, name: Option<&str>, buffer: usize) -> (String, Client) {
        let mut stream = self.connect(buffer);
        let name = name.map(|name| format!("&sid={name}")).unwrap_or_default();
        let head = format!(
            "GET /socket.io/?EIO=4&transport=websocket{name} HTTP/1.1\r\nhost: x\r\n\
             connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.unwrap());
        }
        (String::from_utf8(answer).unwrap().to_lowercase(), Client(stream))
    }

    /// A session that is a WebSocket from the beginning.
    async fn open_socket(&self, buffer: usize) -> (Arc<Session<Arc<Ear>>>, Client) {
        let mut client = self.socket(None, buffer).await;
        let opening = client.hear().await.unwrap();
        let said: serde_json::Value = serde_json::from_str(&opening[1..]).unwrap();
        assert_eq!(said["upgrades"], serde_json::json!([]));
        (self.engine.find(said["sid"].as_str().unwrap()).unwrap(), client)
    }
}

struct Client(DuplexStream);

impl Client {
    /// The next packet; none when the server says that it ends.
    async fn hear(&mut self) -> Option<String> {
        let opcode = self.0.read_u8().await.unwrap() & 0x0f;
        let length = match self.0.read_u8().await.unwrap() {
            126 => usize::from(self.0.read_u16().await.unwrap()),
            length => usize::from(length),
        };
        let mut packet = vec![0; length];
        self.0.read_exact(&mut packet).await.unwrap();
        if opcode == 8 {
            return None;
        }
        Some(String::from_utf8(packet).unwrap())
    }

    /// Says something short. The mask is none, which is one, too.
    async fn frame(&mut self, opcode: u8, payload: &[u8]) {
        let length = u8::try_from(payload.len()).unwrap();
        let head = [0x80 | opcode, 0x80 | length, 0, 0, 0, 0];
        self.0.write_all(&[&head, payload].concat()).await.unwrap();
    }

    async fn say(&mut self, packet: &str) {
        self.frame(1, packet.as_bytes()).await;
    }
}

async fn until(what: impl Fn() -> bool) {
    let wait = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("it happens");
}

#[tokio::test]
async fn by_polling_packets_come_in_order_and_some_at_a_time() {
    let house = house(USUAL);
    let session = house.open().await;
    assert_eq!(house.post(&session.id, "4a\u{1e}4b\u{1e}bAQID").await, (200, "ok".to_owned()));
    assert_eq!(*house.ear.heard.lock().unwrap(), ["s0: a", "s0: b", "s0: bytes"]);
    for number in 0..20 {
        session.emit(format!("{number}")).unwrap();
    }
    let (_, first) = house.poll(&session.id).await;
    let (_, second) = house.poll(&session.id).await;
    let heard: Vec<&str> = first.split('\u{1e}').chain(second.split('\u{1e}')).collect();
    let said: Vec<String> = (0..20).map(|number| format!("4{number}")).collect();
    assert_eq!(heard, said);
    assert_eq!(first.split('\u{1e}').count(), 16, "as many as python-socketio takes");
    // One that waits is answered when there is something.
    let waits = house.poll(&session.id);
    let later = async {
        tokio::task::yield_now().await;
        session.emit("late").unwrap();
    };
    assert_eq!(tokio::join!(waits, later).0, (200, "4late".to_owned()));
}

#[tokio::test]
async fn a_body_is_no_larger_than_agreed_and_a_large_packet_comes_alone() {
    let house = house(USUAL);
    let session = house.open().await;
    for length in [600, 600, 2000, 10] {
        session.emit("x".repeat(length)).unwrap();
    }
    for length in [601, 601, 2001, 11] {
        assert_eq!(house.poll(&session.id).await.1.len(), length);
    }
    let (status, _) = house.post(&session.id, &"4".repeat(1001)).await;
    assert_eq!(status, 413);
    assert!(session.is_closed());
}

#[tokio::test]
async fn what_is_no_packet_ends_the_session() {
    let house = house(USUAL);
    for body in ["", "9", "0", "4a\u{1e}", "\u{1e}", "5"] {
        let session = house.open().await;
        assert_eq!(house.post(&session.id, body).await.0, 400, "{body:?}");
        assert!(session.is_closed(), "{body:?}");
        assert_eq!(house.poll(&session.id).await.0, 400, "{body:?}");
    }
    assert_eq!(house.ear.left.load(Ordering::Relaxed), 6);
}

#[tokio::test]
async fn two_requests_that_wait_for_the_same_end_it() {
    let house = house(USUAL);
    let session = house.open().await;
    let (first, second) = tokio::join!(house.poll(&session.id), house.poll(&session.id));
    assert_eq!((first, second.0), ((200, "1".to_owned()), 400));
}

#[tokio::test]
async fn a_client_that_leaves_ends_its_request_that_waits() {
    let house = house(USUAL);
    let session = house.open().await;
    let (waited, left) = tokio::join!(house.poll(&session.id), house.post(&session.id, "1"));
    assert_eq!((waited, left), ((200, "6".to_owned()), (200, "ok".to_owned())));
    assert!(session.emit("more").is_err());
}

#[tokio::test]
async fn there_are_so_many_sessions_and_no_more() {
    let house = house(USUAL);
    let first = house.open().await;
    house.open().await;
    house.open().await;
    assert_eq!(house.ask("GET", "transport=polling", "").await.0, 503);
    first.close();
    house.open().await;
}

#[tokio::test]
async fn a_socket_hears_and_is_heard() {
    let house = house(USUAL);
    let (session, mut client) = house.open_socket(64 * 1024).await;
    client.say("4hello").await;
    client.frame(2, b"bytes").await;
    client.frame(9, b"there?").await;
    // The answer to a ping is a frame of its own.
    assert_eq!(client.hear().await.as_deref(), Some("there?"));
    until(|| house.ear.heard.lock().unwrap().len() == 2).await;
    assert_eq!(*house.ear.heard.lock().unwrap(), ["s0: hello", "s0: bytes"]);
    for number in 0..100 {
        session.emit(format!("{number}")).unwrap();
    }
    for number in 0..100 {
        assert_eq!(client.hear().await, Some(format!("4{number}")));
    }
    session.close();
    // Its last words are written, whether the client has gone or not.
    house.engine.open.none().await;
    assert_eq!(client.hear().await.as_deref(), Some("1"));
    assert_eq!(client.hear().await, None);
    assert_eq!(client.0.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(house.ear.left.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_client_that_says_goodbye_is_answered() {
    let house = house(USUAL);
    let (session, mut client) = house.open_socket(64 * 1024).await;
    session.emit("last words").unwrap();
    client.frame(8, &[]).await;
    assert_eq!(client.hear().await.as_deref(), Some("4last words"));
    assert_eq!(client.hear().await, None);
    session.closed().await;
    assert_eq!(house.ear.left.load(Ordering::Relaxed), 1);
}

/// Who does not read is told so much and no more; others do not notice, and whoever reads on gets
/// all of it.
#[tokio::test]
async fn a_queue_ends_and_nothing_of_it_is_lost() {
    let house = house(USUAL);
    let (slow, mut client) = house.open_socket(256).await;
    let (other, mut reader) = house.open_socket(256).await;
    let mut said = 0;
    while slow.emit(format!("{said} {}", "x".repeat(50))).is_ok() {
        said += 1;
        tokio::task::yield_now().await;
    }
    assert!((100..200).contains(&said), "{said}");
    assert!(!slow.has_room() && other.has_room());
    other.emit("hello").unwrap();
    assert_eq!(reader.hear().await.as_deref(), Some("4hello"));
    for number in 0..said {
        let heard = client.hear().await.unwrap();
        assert_eq!(heard.split(' ').next(), Some(format!("4{number}").as_str()));
    }
    until(|| slow.has_room()).await;
    slow.emit("again").unwrap();
    assert_eq!(client.hear().await.as_deref(), Some("4again"));
}

#[tokio::test]
async fn what_is_said_in_passing_leaves_room_for_the_rest() {
    let house = house(USUAL);
    let session = house.open().await;
    let mention = || session.mention(Frame::from("typing"));
    assert_eq!((0..USUAL.queue).filter(|_| mention()).count(), USUAL.queue / 2);
    session.emit("event").unwrap();
    assert!(!mention() && !session.is_closed());
    // Who reads on is told of what comes then.
    while !house.poll(&session.id).await.1.ends_with("4event") {}
    assert!(mention());
}

#[tokio::test]
async fn a_session_becomes_a_socket_and_nothing_is_lost_or_told_twice() {
    let house = house(USUAL);
    let session = house.open().await;
    let waits = async {
        let (status, body) = house.poll(&session.id).await;
        (status, body, house.poll(&session.id).await)
    };
    let upgrades = async {
        let mut client = house.socket(Some(&session.id), 64 * 1024).await;
        client.say("2probe").await;
        assert_eq!(client.hear().await.as_deref(), Some("3probe"));
        client
    };
    let (waited, mut client) = tokio::join!(waits, upgrades);
    // Requests do not wait while it changes.
    assert_eq!(waited, (200, "6".to_owned(), (200, "6".to_owned())));
    session.emit("before").unwrap();
    client.say("5").await;
    assert_eq!(client.hear().await.as_deref(), Some("4before"));
    session.emit("after").unwrap();
    assert_eq!(client.hear().await.as_deref(), Some("4after"));
    assert_eq!(house.poll(&session.id).await.0, 400);
    assert_eq!(house.post(&session.id, "4a").await.0, 400);
    client.say("4by socket").await;
    until(|| !house.ear.heard.lock().unwrap().is_empty()).await;
}

#[tokio::test]
async fn one_socket_at_a_time_may_take_a_session_over() {
    let house = house(USUAL);
    let session = house.open().await;
    let first = house.socket(Some(&session.id), 64 * 1024).await;
    let (head, answer) = house.handshake(Some(&session.id), 64 * 1024).await;
    assert!(head.starts_with("http/1.1 400"), "{head}");
    drop((first, answer));
    // It has gone: then another one may.
    until(|| session.begin_upgrade().is_some()).await;
    let mut client = house.socket(Some(&session.id), 64 * 1024).await;
    client.say("2probe").await;
    assert_eq!(client.hear().await.as_deref(), Some("3probe"));
}

/// What holds a connection together has a place where nothing else has one any more.
#[tokio::test(start_paused = true)]
async fn a_full_queue_ends_nobody_who_is_there() {
    let house = house(USUAL);
    let (session, mut client) = house.open_socket(64).await;
    while session.emit("x".repeat(50)).is_ok() {
        tokio::task::yield_now().await;
    }
    client.frame(9, b"there?").await;
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert!(!session.has_room() && !session.is_closed());
    let (mut pinged, mut answered) = (false, false);
    while !(pinged && answered) {
        match client.hear().await.as_deref() {
            Some("2") => pinged = true,
            Some("there?") => answered = true,
            other => assert!(other.is_some_and(|packet| packet.starts_with("4x"))),
        }
    }
}

#[tokio::test]
async fn a_socket_that_does_not_probe_leaves_the_session_as_it_is() {
    let house = house(USUAL);
    let session = house.open().await;
    for packet in ["4hello", "5", "2", "3probe"] {
        let mut client = house.socket(Some(&session.id), 64 * 1024).await;
        client.say(packet).await;
        assert_eq!(client.hear().await, None, "{packet}");
    }
    session.emit("still there").unwrap();
    assert_eq!(house.poll(&session.id).await, (200, "4still there".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_answer_is_gone_and_who_does_is_not() {
    let house = house(USUAL);
    let (silent, mut client) = house.open_socket(64 * 1024).await;
    let (there, mut answering) = house.open_socket(64 * 1024).await;
    let began = Instant::now();
    assert_eq!(client.hear().await.as_deref(), Some("2"));
    assert!((30..=33).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert_eq!(answering.hear().await.as_deref(), Some("2"));
    answering.say("3").await;
    silent.closed().await;
    assert!((90..=96).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert!(!there.is_closed());
    assert_eq!(answering.hear().await.as_deref(), Some("2"), "and is asked again");
}

/// Whatever waits for them: nobody else may ever have anything to tell them.
#[tokio::test(start_paused = true)]
async fn who_left_a_long_frame_behind_is_gone_as_well() {
    let house = house(USUAL);
    let session = house.open().await;
    session.emit("x".repeat(2 * USUAL.queue * PLACE)).unwrap();
    assert!(session.emit("more").is_err());
    let gone = tokio::time::timeout(Duration::from_secs(100), session.closed()).await;
    assert!(gone.is_ok());
}
