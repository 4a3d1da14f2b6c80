//! Clients who take their time, and too many at once: how much of the house one of them may hold, and
//! that everybody else is answered meanwhile.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::engines::Engine;
use crate::observability::page;
use crate::people::Person;
use crate::process::Server;
use crate::stage::Stage;

const CREDENTIALS: &str = "{\"email\":\"nobody@example.com\",\"password\":\"not-the-right-one\"}";

/// A connection over which this was sent.
fn sent(server: &Server, bytes: &str) -> TcpStream {
    let address = server.url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("patience");
    stream.write_all(bytes.as_bytes()).expect("sent");
    stream
}

/// The head of a request that anybody may send, whose body is sent when it is asked for, or at once.
fn sign_in(from: &str, asks: bool) -> String {
    let expect = if asks { "expect: 100-continue\r\n" } else { "" };
    let length = CREDENTIALS.len();
    format!(
        "POST /v1/auth/sign-in/email HTTP/1.1\r\nhost: x\r\nx-forwarded-for: {from}\r\n{expect}\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

/// The head of what comes next, in lower case.
fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("an answer");
        head.extend(byte);
    }
    String::from_utf8_lossy(&head).to_lowercase()
}

#[track_caller]
fn asks_for_the_body(stream: &mut TcpStream) {
    let head = head(stream);
    assert!(head.starts_with("http/1.1 100"), "{head}");
}

#[track_caller]
fn is_refused(stream: &mut TcpStream) {
    let head = head(stream);
    assert!(head.starts_with("http/1.1 503"), "{head}");
    assert!(head.contains("\r\nretry-after: 1\r\n"), "{head}");
}

#[track_caller]
fn is_nobody(stream: &mut TcpStream) {
    let head = head(stream);
    assert!(head.starts_with("http/1.1 401"), "{head}");
}

#[tokio::test]
async fn who_sends_heads_alone_takes_nobody_elses_place() {
    let mut server = Server::prepare(&Engine::Sqlite).await;
    server.set("SIXFOLD_WEB_MAX_IN_FLIGHT", "64");
    server.set("SIXFOLD_WEB_TRUSTED_PROXIES", "127.0.0.1");
    server.run();
    let one = "203.0.113.1";
    let mut waiting: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut stream = sent(&server, &sign_in(one, true));
            asks_for_the_body(&mut stream);
            stream
        })
        .collect();
    is_refused(&mut sent(&server, &sign_in(one, true)));
    // A body that comes with its head is not waited for, and neither is one that is none.
    let at_once = sign_in(one, false) + CREDENTIALS;
    is_nobody(&mut sent(&server, &at_once));
    let look = format!("GET /v1/things HTTP/1.1\r\nhost: x\r\nx-forwarded-for: {one}\r\n\r\n");
    is_nobody(&mut sent(&server, &look));
    // Others are waited for as ever; of two hardly both share a counter with the first.
    let patient = ["198.51.100.1", "198.51.100.2"].into_iter().find_map(|other| {
        let mut stream = sent(&server, &sign_in(other, true));
        head(&mut stream).starts_with("http/1.1 100").then_some(stream)
    });
    let mut patient = patient.expect("others are waited for");
    patient.write_all(CREDENTIALS.as_bytes()).expect("sent");
    is_nobody(&mut patient);
    // And so is this one, as soon as one of theirs has come.
    let mut first = waiting.remove(0);
    first.write_all(CREDENTIALS.as_bytes()).expect("sent");
    is_nobody(&mut first);
    asks_for_the_body(&mut sent(&server, &sign_in(one, true)));
    let told = page(server.url()).await;
    let refused = "sixfold_http_requests_refused_total{reason=\"awaited_bodies\"} ";
    let refused = told.lines().find_map(|line| line.strip_prefix(refused));
    assert!(refused.is_some_and(|count| count != "0"), "{told}");
}

#[tokio::test]
async fn one_request_too_many_is_told_when_to_come_back() {
    let mut server = Server::prepare(&Engine::Sqlite).await;
    server.set("SIXFOLD_WEB_MAX_IN_FLIGHT", "1");
    server.run();
    let mut waiting = sent(&server, &sign_in("-", true));
    asks_for_the_body(&mut waiting);
    let nobody = Person::nobody(server.url());
    let answer = nobody.try_send(nobody.request(Method::GET, "/v1/things")).await;
    let answer = answer.expect("an answer").was_problem(503, "overloaded");
    assert_eq!(answer.header("retry-after"), "1");
    nobody.get("/v1/health").await.was(200);
    waiting.write_all(CREDENTIALS.as_bytes()).expect("sent");
    is_nobody(&mut waiting);
    nobody.get("/v1/things").await.was_problem(401, "unauthenticated");
}

#[tokio::test]
async fn what_is_carried_out_even_if_nobody_waits_has_places_of_its_own() {
    let mut stage = Stage::open(&Engine::Sqlite).await;
    stage.server.stop();
    stage.server.set("SIXFOLD_WEB_MAX_IN_FLIGHT", "64");
    stage.server.run();
    let stage = stage.moved();
    let alice = stage.alice();
    // Nothing can be written meanwhile, so what is begun stays.
    let file = stage.server.data_dir().join("sixfold.db");
    let store = rusqlite::Connection::open(file).expect("the store");
    store.execute_batch("begin immediate").expect("the lock");
    let mut all = JoinSet::new();
    for number in 0..6 {
        let alice = alice.clone();
        all.spawn(async move {
            let body = json!({ "type": "note", "name": format!("note {number}") });
            let request = alice.request(Method::POST, "/v1/things").json(&body);
            let request = request.header("idempotency-key", format!("key-{number}"));
            // Once: who is told to come back does not.
            alice.try_send(request).await.expect("an answer")
        });
    }
    for _ in 0..2 {
        let answer = all.join_next().await.expect("one more").expect("no panic");
        let answer = answer.was_problem(503, "overloaded");
        assert_eq!(answer.header("retry-after"), "1");
    }
    store.execute_batch("rollback").expect("the lock is given back");
    while let Some(answer) = all.join_next().await {
        answer.expect("no panic").was(201);
    }
}

#[tokio::test]
async fn a_head_that_trickles_is_not_waited_for() {
    let mut server = Server::prepare(&Engine::Sqlite).await;
    server.set("SIXFOLD_WEB_HEADER_READ_TIMEOUT_MS", "500");
    server.run();
    for first in ["", "GET /v1/health HTTP/1.1\r\nhost: x\r\nx-long: "] {
        let mut stream = sent(&server, first);
        stream.set_read_timeout(Some(Duration::from_millis(50))).expect("patience");
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut answer = Vec::new();
        let mut bytes = [0; 1024];
        loop {
            assert!(Instant::now() < deadline, "it is still waited for");
            match stream.read(&mut bytes) {
                Ok(0) => break,
                Ok(count) => answer.extend_from_slice(&bytes[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // One byte more, of a head that would end some day.
                    if !first.is_empty() && stream.write_all(b"x").is_err() {
                        break;
                    }
                }
                Err(_) => break,
            }
        }
        let answer = String::from_utf8_lossy(&answer);
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

#[tokio::test]
async fn who_does_not_read_what_they_asked_for_is_given_up() {
    const FILE: &str = "/docs/swagger-ui-bundle.js";
    let mut server = Server::prepare(&Engine::Sqlite).await;
    server.set("SIXFOLD_WEB_MAX_CONNECTIONS", "1");
    server.set("SIXFOLD_WEB_WRITE_TIMEOUT_MS", "2000");
    server.run();
    // More than the kernels of both ends keep.
    let mut first = sent(&server, &format!("GET {FILE} HTTP/1.1\r\nhost: x\r\n\r\n").repeat(64));
    let nobody = Person::nobody(server.url());
    let ready = async || {
        let answer = nobody.try_send(nobody.request(Method::GET, "/v1/ready")).await;
        answer.is_ok_and(|answer| answer.status == 200)
    };
    assert!(!ready().await, "the only place is taken");
    let deadline = Instant::now() + Duration::from_secs(60);
    while !ready().await {
        assert!(Instant::now() < deadline, "it is never given up");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let whole = nobody.get(FILE).await.was(200).text.len();
    let mut came = Vec::new();
    let read = first.read_to_end(&mut came);
    assert!(read.is_err() || came.len() < 64 * whole, "{} bytes came", came.len());
}
