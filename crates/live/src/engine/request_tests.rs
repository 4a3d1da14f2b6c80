use axum::response::IntoResponse as _;
use http::{HeaderValue, Request};
use types::Shortage;

use super::{Refusal, Wanted};

fn ask(method: &str, query: &str, headers: &[(&str, &str)]) -> Result<Wanted, Refusal> {
    let mut request = Request::builder().method(method).uri(format!("/socket.io/?{query}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Wanted::of(&request.body(()).expect("a request"))
}

const HANDSHAKE: [(&str, &str); 4] = [
    ("connection", "keep-alive, Upgrade"),
    ("upgrade", "WebSocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

#[test]
fn an_address_says_what_is_wanted() {
    let key = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");
    let name = || "abc".to_owned();
    assert_eq!(ask("GET", "EIO=4&transport=polling", &[]), Ok(Wanted::Poll { name: None }));
    assert_eq!(
        ask("GET", "transport=polling&t=x&sid=abc&EIO=4", &[]),
        Ok(Wanted::Poll { name: Some(name()) })
    );
    assert_eq!(
        ask("POST", "EIO=4&transport=polling&sid=abc", &[]),
        Ok(Wanted::Post { name: name() })
    );
    assert_eq!(
        ask("GET", "EIO=4&transport=websocket", &HANDSHAKE),
        Ok(Wanted::Socket { name: None, key: key.clone() })
    );
    assert_eq!(
        ask("GET", "EIO=4&transport=websocket&sid=abc", &HANDSHAKE),
        Ok(Wanted::Socket { name: Some(name()), key })
    );
}

#[test]
fn what_makes_no_sense_is_refused_as_the_reference_server_does() {
    for (method, query, refusal) in [
        ("GET", "", Refusal::UnknownTransport),
        ("GET", "EIO=4", Refusal::UnknownTransport),
        ("GET", "EIO=4&transport=pigeon", Refusal::UnknownTransport),
        ("GET", "transport=polling", Refusal::UnknownRevision),
        ("GET", "EIO=3&transport=polling", Refusal::UnknownRevision),
        ("POST", "EIO=4&transport=polling", Refusal::BadMethod),
        ("DELETE", "EIO=4&transport=polling&sid=abc", Refusal::BadMethod),
        ("POST", "EIO=4&transport=websocket&sid=abc", Refusal::BadRequest),
        ("GET", "EIO=4&transport=websocket", Refusal::BadRequest),
    ] {
        assert_eq!(ask(method, query, &[]), Err(refusal), "{method} {query}");
    }
    for missing in 0..HANDSHAKE.len() {
        let mut headers = HANDSHAKE.to_vec();
        headers.remove(missing);
        let asked = ask("GET", "EIO=4&transport=websocket", &headers);
        assert_eq!(asked, Err(Refusal::BadRequest), "{missing}");
    }
}

#[test]
fn one_session_too_many_is_counted_as_such() {
    let full = |refusal: Refusal| {
        let answer = refusal.into_response();
        (answer.status().as_u16(), answer.extensions().get::<Shortage>().copied())
    };
    assert_eq!(full(Refusal::Overloaded), (503, Some(Shortage::LiveConnections)));
    assert_eq!(full(Refusal::TooLarge), (413, None));
}
