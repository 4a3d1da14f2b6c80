use std::sync::atomic::{AtomicBool, Ordering};

use axum::Extension;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::*;
use crate::problem::Refused;

struct House {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<()>>,
    connections: Arc<Connections>,
}

async fn open(router: Router, settings: Settings) -> House {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let connections = Arc::<Connections>::default();
    let counted = Arc::clone(&connections);
    let served = tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        serve(listener, router, &settings, None, &counted, stopped).await
    });
    House { address, stop, served, connections }
}

async fn exchange(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = vec![0; 4096];
    let n = stream.read(&mut bytes).await.unwrap();
    String::from_utf8_lossy(&bytes[..n]).into_owned()
}

const GET: &str = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

fn hello() -> Router {
    Router::new()
        .route("/", get(|Extension(peer): Extension<PeerAddr>| async move { peer.0.to_string() }))
}

#[tokio::test]
async fn connections_are_kept_and_peers_are_known() {
    let house = open(hello(), Settings::default()).await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let me = stream.local_addr().unwrap().to_string();
    for _ in 0..3 {
        let answer = exchange(&mut stream, GET).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(&me), "{answer}");
    }
    house.stop.send(()).unwrap();
    house.served.await.unwrap().unwrap();
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0, "an idle connection is closed");
    assert!(TcpStream::connect(house.address).await.is_err());
}

#[tokio::test]
async fn broken_and_huge_heads_are_refused() {
    let house = open(hello(), Settings::default()).await;
    let many: String = (0..200).map(|n| format!("h{n}: x\r\n")).collect();
    let long = "x".repeat(80_000);
    for (request, status) in [
        ("nonsense\r\n\r\n".to_owned(), "HTTP/1.1 400"),
        (format!("GET / HTTP/1.1\r\n{many}\r\n"), "HTTP/1.1 431"),
        (format!("GET / HTTP/1.1\r\nx: {long}\r\n\r\n"), "HTTP/1.1 431"),
    ] {
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        let answer = exchange(&mut stream, &request).await;
        assert!(answer.starts_with(status), "{answer}");
    }
}

#[tokio::test]
async fn a_head_that_does_not_arrive_is_not_waited_for() {
    let house = open(hello(), Settings { header_read_timeout_ms: 50, ..Settings::default() }).await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(!String::from_utf8_lossy(&rest).contains("200"));
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up() {
    // More than the kernels of both ends keep.
    let much = || Router::new().route("/", get(|| async { vec![b'x'; 32 * 1024 * 1024] }));
    let settings = Settings { max_connections: 1, write_timeout_ms: 50, ..Settings::default() };
    let house = open(much(), settings).await;
    let mut first = TcpStream::connect(house.address).await.unwrap();
    first.write_all(GET.as_bytes()).await.unwrap();
    // Its place is free again, though it neither reads nor leaves.
    comes_in(house.address).await;
    let mut rest = Vec::new();
    let read = first.read_to_end(&mut rest).await;
    assert!(read.is_err() || rest.len() < 32 * 1024 * 1024, "it was cut off");
}

#[tokio::test]
async fn a_small_body_nobody_read_costs_no_connection() {
    let router = Router::new().route("/", axum::routing::post(|| async { "no" }));
    let house = open(router, Settings::default()).await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let small = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello";
    for _ in 0..3 {
        let answer = exchange(&mut stream, small).await;
        assert!(answer.ends_with("no") && !answer.contains("connection: close"), "{answer}");
    }
    // One that does not come is not waited for, and one that waits to be asked for is not asked for.
    for more in
        ["content-length: 9\r\n\r\nhello", "expect: 100-continue\r\ncontent-length: 5\r\n\r\n"]
    {
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        let answer = exchange(&mut stream, &format!("POST / HTTP/1.1\r\nhost: x\r\n{more}")).await;
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn of_who_is_refused_only_what_has_come_is_read() {
    let busy = || async { (http::StatusCode::SERVICE_UNAVAILABLE, Extension(Refused)) };
    let house =
        open(Router::new().route("/", axum::routing::post(busy)), Settings::default()).await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    for bytes in [5, 4_096, 20_000] {
        let body = "x".repeat(bytes);
        let small = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {bytes}\r\n\r\n{body}");
        for _ in 0..3 {
            let answer = exchange(&mut stream, &small).await;
            assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
            let closed = answer.contains("connection: close");
            assert_eq!(closed, bytes == 20_000, "{answer}");
            if closed {
                stream = TcpStream::connect(house.address).await.unwrap();
            }
        }
    }
    // Nobody waits for what does not come, and the answer is there all the same.
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let rest = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhello";
    assert!(exchange(&mut stream, rest).await.starts_with("HTTP/1.1 503"));
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0, "the connection has ended");
}

#[tokio::test]
async fn newcomers_are_told_while_all_places_are_taken() {
    // Whoever has the place may be silent for as long as the others take.
    let settings =
        Settings { max_connections: 1, header_read_timeout_ms: 600_000, ..Settings::default() };
    let house = open(hello(), settings).await;
    let mut first = TcpStream::connect(house.address).await.unwrap();
    assert!(exchange(&mut first, GET).await.contains("200"));
    let counted = || {
        let Connections { open, limit, refused } = &*house.connections;
        (open.get(), limit.get(), refused.get())
    };
    assert_eq!(counted(), (Some(1), 1, 0));
    // More of them than are told at the same time, and some who say nothing.
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(TcpStream::connect(house.address).await.unwrap());
    }
    for _ in 0..100 {
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        stream.write_all(GET.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{answer}");
        assert!(answer.contains("\r\nretry-after: 1\r\n"), "{answer}");
        assert!(answer.contains(r#""code":"overloaded""#), "{answer}");
    }
    // Being full is no reason to be killed.
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    stream.write_all(b"GET /v1/health HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n{\"status\":\"ok\"}"), "{answer}");
    assert_eq!(counted(), (Some(1), 1, 300 + 100 + 1));
    drop((first, silent));
    comes_in(house.address).await;
}

/// Tries until there is a place.
async fn comes_in(address: SocketAddr) {
    loop {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let answer = exchange(&mut stream, GET).await;
        if answer.starts_with("HTTP/1.1 200") {
            return;
        }
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn requests_in_flight_are_finished_before_the_door_closes() {
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
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let answer = tokio::spawn(async move { exchange(&mut stream, GET).await });
    entered.notified().await;
    house.stop.send(()).unwrap();
    tokio::task::yield_now().await;
    assert!(!house.served.is_finished());
    leave.notify_one();
    house.served.await.unwrap().unwrap();
    assert!(answer.await.unwrap().ends_with("finished"));
}

#[tokio::test]
async fn the_grace_is_not_endless() {
    let entered = Arc::new(Notify::new());
    let inside = Arc::clone(&entered);
    let dropped = Arc::new(AtomicBool::new(false));
    struct Flag(Arc<AtomicBool>);
    impl Drop for Flag {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let flag = Arc::clone(&dropped);
    let router = Router::new().route(
        "/",
        get(move || async move {
            let _flag = Flag(flag);
            inside.notify_one();
            std::future::pending::<()>().await;
        }),
    );
    let house = open(router, Settings { shutdown_grace_ms: 30, ..Settings::default() }).await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    stream.write_all(GET.as_bytes()).await.unwrap();
    entered.notified().await;
    house.stop.send(()).unwrap();
    house.served.await.unwrap().unwrap();
    assert!(dropped.load(Ordering::SeqCst));
}
