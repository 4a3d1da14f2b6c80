//! A server that webhooks are sent to: it keeps what it is sent, and answers by path.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::PATIENCE;

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) path: String,
    pub(super) headers: HashMap<String, String>,
    pub(super) body: String,
    pub(super) at: Instant,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// The server. It lives as long as the test.
#[derive(Clone)]
pub(super) struct Target {
    address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    seen: Mutex<Vec<Seen>>,
    count: watch::Sender<usize>,
    /// Answers of `/next`, one after the other; then 200.
    next: Mutex<VecDeque<&'static str>>,
}

impl Target {
    pub(super) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let inner = Arc::new(Inner {
            seen: Mutex::default(),
            count: watch::Sender::new(0),
            next: Mutex::default(),
        });
        let target = Self { address, inner };
        let own = target.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let own = own.clone();
                tokio::spawn(async move {
                    // Whoever hangs up early may do so.
                    let _ = own.answer(stream).await;
                });
            }
        });
        target
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What `/next` answers with before it is content.
    pub(super) fn then(&self, answers: &[&'static str]) {
        self.inner.next.lock().expect("the answers").extend(answers);
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.inner.seen.lock().expect("what was seen").clone()
    }

    /// What it was sent, once it is that many requests.
    pub(super) async fn wait(&self, count: usize) -> Vec<Seen> {
        let mut counted = self.inner.count.subscribe();
        let came = counted.wait_for(|seen| *seen >= count);
        let came = tokio::time::timeout(PATIENCE, came).await.map(drop);
        let seen = self.seen();
        assert!(came.is_ok(), "{count} requests are waited for, there came {seen:?}");
        seen
    }

    async fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let seen = read(&mut stream).await?;
        let path = seen.path.clone();
        let count = {
            let mut all = self.inner.seen.lock().expect("what was seen");
            all.push(seen);
            all.len()
        };
        self.inner.count.send_replace(count);
        let full = |head: &str| format!("HTTP/1.1 {head}\r\ncontent-length: 4\r\n\r\ndone");
        let text = match path.as_str() {
            "/next" => {
                let next = self.inner.next.lock().expect("the answers").pop_front();
                full(&format!("{}\r\nconnection: close", next.unwrap_or("200 OK")))
            }
            "/gone" => full("410 Gone\r\nconnection: close"),
            "/redirect" => {
                full(&format!("302 Found\r\nlocation: {}\r\nconnection: close", self.url("/in")))
            }
            // Silent until the other side has had enough.
            "/hang" => return stream.read_u8().await.map(drop),
            "/endless" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
                loop {
                    stream.write_all(b"10\r\n0123456789abcde\0\r\n").await?;
                }
            }
            "/drip" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1").await?;
                return stream.read_u8().await.map(drop);
            }
            _ => full("200 OK\r\nconnection: close"),
        };
        stream.write_all(text.as_bytes()).await
    }
}

async fn read(stream: &mut TcpStream) -> std::io::Result<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines();
    let path = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let body = String::from_utf8(body).expect("UTF-8");
    Ok(Seen { path, headers, body, at: Instant::now() })
}
