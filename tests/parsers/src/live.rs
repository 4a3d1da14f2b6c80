//! What clients of Socket.IO say: packets, and requests that carry them. Nothing breaks the engine.

use axum::body::{Body, to_bytes};
use http::{Method, Request, StatusCode};
use serde::de::IgnoredAny;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::house::{House, house};

/// Between the packets of a body.
const SEPARATOR: char = '\u{1e}';
const NEW: &str = "EIO=4&transport=polling";

/// A line, which is the query of an address, and packets.
pub fn live(data: &[u8]) {
    let cut = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (query, body) = (&data[..cut], data.get(cut + 1..).unwrap_or_default());
    for text in String::from_utf8_lossy(body).split(SEPARATOR) {
        packet(text);
        packet(text.strip_prefix('4').unwrap_or_default());
    }
    let house = house();
    let query = String::from_utf8_lossy(query);
    for method in [Method::GET, Method::POST, Method::OPTIONS] {
        ask(house, method, &query, body);
    }
    talk(house, body);
}

fn packet(text: &str) {
    if let Some((namespace, rest)) = live::parsers::packet(text) {
        assert!(namespace.starts_with('/'), "{text:?} is of no namespace: {namespace:?}");
        assert!(text.ends_with(rest), "{text:?} carries {rest:?}");
        call(rest);
    }
    call(text);
}

fn call(text: &str) {
    match live::parsers::call(text) {
        Ok((_, Some(payload))) => {
            assert!(text.contains(payload), "{text:?} carries {payload:?}");
            assert!(serde_json::from_str::<IgnoredAny>(payload).is_ok(), "{payload:?} is no JSON");
        }
        Ok((_, None)) => assert!(text.trim_start().starts_with('['), "{text:?} is no list"),
        Err(error) => assert_eq!(error.kind().status(), 400, "{text:?}: {error:?}"),
    }
}

/// Asks with this query, of a session that is not there or a new one; what is answered. What no
/// client of HTTP can send is not sent.
fn ask(house: &House, method: Method, query: &str, body: &[u8]) -> Option<(StatusCode, String)> {
    let request = Request::builder().method(method).uri(format!("{}?{query}", live::SOCKETS));
    let request = request.body(Body::from(body.to_vec())).ok()?;
    let answer = house.run(house.live.clone().oneshot(request)).expect("it always answers");
    let status = answer.status();
    let fits = matches!(status.as_u16(), 200 | 400 | 413);
    assert!(fits, "{query:?} is answered {status}");
    let text = house.run(to_bytes(answer.into_body(), usize::MAX)).expect("a body");
    Some((status, String::from_utf8(text.to_vec()).expect("UTF-8")))
}

/// A session that says all of it, and leaves.
fn talk(house: &House, body: &[u8]) {
    let (_, opened) = ask(house, Method::GET, NEW, b"").expect("an answer");
    let opened: Value = serde_json::from_str(&opened[1..]).expect("what a session begins with");
    let name = opened["sid"].as_str().expect("its name");
    let own = format!("{NEW}&sid={name}");
    let (status, said) = ask(house, Method::POST, &own, body).expect("an answer");
    assert!(status != 200 || said == "ok", "it is answered {said:?}");
    // It may have ended already.
    ask(house, Method::POST, &own, b"1");
    let (status, _) = ask(house, Method::POST, &own, b"3").expect("an answer");
    assert_eq!(status, 400, "who has left is not there");
}
