//! Bodies that are not what a route reads: refused with a pointer, and nothing is written.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

use crate::people::{Answer, Person};
use crate::stage::{Stage, alone_on_both, on_both};

const MIB: usize = 1024 * 1024;

/// A body as it is, to a route that reads JSON.
async fn raw(person: &Person, kind: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = person.request(Method::POST, "/v1/things").header(CONTENT_TYPE, kind).body(body);
    person.send(request).await
}

async fn things(stage: &Stage) -> usize {
    stage.alice().walk(&format!("/v1/things?groupId={}", stage.acme)).await.len()
}

#[tokio::test]
async fn what_is_not_json_is_refused_and_nothing_is_written() {
    alone_on_both(async |stage| {
        let (stage, alice) = (&stage, stage.alice());
        let before = things(stage).await;
        let json = "application/json";
        let long = format!("{{\"name\":\"{}\"}}", "a".repeat(MIB));
        let deep = |levels: usize| {
            let (open, close) = ("[".repeat(levels), "]".repeat(levels));
            format!("{{\"type\":\"note\",\"name\":\"n\",\"properties\":{{\"p\":{open}{close}}}}}")
        };
        for (body, status, code) in [
            ("{", 400, "malformed_json"),
            ("{\"name\":}", 400, "malformed_json"),
            ("{\"name\":\"a\"} {}", 400, "malformed_json"),
            ("{'name':'a'}", 400, "malformed_json"),
            ("\u{feff}{}", 400, "malformed_json"),
            ("{\"type\":\"note\",\"name\":\"\\ud800\"}", 400, "malformed_json"),
            ("{\"type\":\"note\",\"name\":\"\\udc00\\ud800\"}", 400, "malformed_json"),
            ("{\"type\":\"note\",\"name\":\"a\\u0000b\"}", 422, "invalid_character"),
            (
                "{\"type\":\"note\",\"name\":\"a\",\"properties\":{\"\\u0000\":1}}",
                422,
                "invalid_character",
            ),
            ("{\"type\":\"note\",\"name\":\"a\",\"name\":\"b\"}", 422, "duplicate_field"),
            ("{\"type\":\"note\",\"name\":7}", 422, "wrong_type"),
            ("{\"type\":\"note\"}", 422, "missing_field"),
            ("{\"type\":\"note\",\"name\":\"a\",\"colour\":1}", 422, "unknown_field"),
            (
                "{\"type\":\"note\",\"name\":\"a\",\"id\":\"thing_00000000000000000000000000\"}",
                422,
                "unknown_field",
            ),
            ("[]", 422, "wrong_type"),
            ("null", 422, "wrong_type"),
            (&long, 413, "body_too_large"),
            (&deep(31), 400, "too_deep"),
            (&deep(5000), 400, "too_deep"),
        ] {
            let answer = raw(&alice, json, body.to_owned()).await;
            let shown: String = body.chars().take(60).collect();
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (status, code),
                "{shown}: {answer:?}"
            );
            answer.was_problem(status, code);
        }
        raw(&alice, json, vec![b'"', 0xff, b'"']).await.was_problem(400, "malformed_json");
        raw(&alice, json, "").await.was_problem(400, "missing_body");
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/xml", "json"] {
            raw(&alice, kind, "{}").await.was_problem(415, "wrong_content_type");
        }
        let zipped = alice
            .request(Method::POST, "/v1/things")
            .header(CONTENT_TYPE, json)
            .header("content-encoding", "gzip")
            .body(vec![31, 139, 8, 0]);
        alice.send(zipped).await.was_problem(415, "wrong_content_type");
        assert_eq!(things(stage).await, before, "nothing was written");
        // What is just within the bounds is fine.
        raw(&alice, "application/json; charset=utf-8", deep(30)).await.was(201);
        let emoji = "{\"type\":\"note\",\"name\":\"\\ud83d\\ude00\"}";
        let made = raw(&alice, "application/vnd.sixfold+json", emoji).await.was(201);
        assert_eq!(made.text_at("/name"), "😀");
    })
    .await;
}

/// Anybody may send one to sign in, known or not.
#[tokio::test]
async fn bodies_of_the_way_in_are_small_and_come_in_time() {
    on_both(async |stage| {
        let nobody = stage.nobody();
        let path = "/v1/auth/sign-in/email";
        let long = |bytes: usize| format!("{{\"email\":\"{}\"}}", "a".repeat(bytes));
        for (bytes, status) in [(140_000, 413), (120_000, 400)] {
            let request =
                nobody.request(Method::POST, path).header(CONTENT_TYPE, "application/json");
            let answer = nobody.send(request.body(long(bytes))).await;
            assert_eq!(answer.status, status, "{answer:?}");
        }
        let address = stage.server.url().trim_start_matches("http://").to_owned();
        let (answer, took) = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(&address).expect("a connection");
            stream.set_read_timeout(Some(Duration::from_secs(90))).expect("patience");
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
                 content-length: 100\r\n\r\n{{"
            );
            let began = std::time::Instant::now();
            stream.write_all(head.as_bytes()).expect("sent");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("an answer, and the end");
            (answer, began.elapsed())
        })
        .await
        .expect("the thread ends");
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(took < Duration::from_secs(60), "{took:?}");
    })
    .await;
}

#[tokio::test]
async fn a_client_that_is_still_sending_gets_its_answer_every_time() {
    on_both(async |stage| {
        for bytes in [MIB + 1, 4 * MIB] {
            for _ in 0..20 {
                let body = "x".repeat(bytes);
                raw(&stage.alice(), "application/json", body.clone())
                    .await
                    .was_problem(413, "body_too_large");
                raw(&stage.alice(), "text/plain", body)
                    .await
                    .was_problem(415, "wrong_content_type");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_that_grows_while_it_is_sent_is_cut_off() {
    on_both(async |stage| {
        let alice = stage.alice();
        let address = stage.server.url().trim_start_matches("http://").to_owned();
        let token = alice.token.clone().unwrap_or_default();
        let answer = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(&address).expect("a connection");
            stream.set_read_timeout(Some(Duration::from_secs(10))).expect("patience");
            let head = format!(
                "POST /v1/things HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
                 content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).expect("sent");
            let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
            for _ in 0..64 {
                if stream.write_all(chunk.as_bytes()).is_err() {
                    break;
                }
            }
            let mut start = [0; 12];
            let read = stream.read_exact(&mut start);
            read.map(|()| String::from_utf8_lossy(&start).into_owned())
        })
        .await
        .expect("the thread ends");
        // The answer may be overtaken by the reset of a connection that sends on.
        if let Ok(start) = answer {
            assert_eq!(start, "HTTP/1.1 413");
        }
        alice.get("/v1/ready").await.was(200);
    })
    .await;
}
