//! Headers that say where a request comes from, to which trace it belongs and what it was made from.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::FromRequestParts as _;
use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use web::{IfMatch, client_of, etag};

use crate::house::house;

const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Whoever may speak for others.
const TRUSTED: [&str; 2] = ["10.0.0.0/8", "2001:db8::/32"];

/// Lines that are a value each.
pub fn headers(data: &[u8]) {
    let lines = data.split(|byte| *byte == b'\n');
    let values: Vec<_> = lines.filter_map(|line| HeaderValue::from_bytes(line).ok()).collect();
    for value in &values {
        if let Ok(text) = value.to_str() {
            trace(text);
        }
        version(value);
    }
    forwarded(&values);
}

fn trace(text: &str) {
    let Some(passed) = telemetry::passed_on(text) else { return };
    let plain = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-');
    assert!(passed.len() == 55 && passed.starts_with("00-"), "{text:?} is {passed:?}");
    assert!(passed.bytes().all(plain), "{text:?} is {passed:?}");
    assert_eq!(&text.trim()[3..52], &passed[3..52], "{text:?} is {passed:?}");
    assert_eq!(telemetry::passed_on(&passed), Some(passed));
}

fn version(value: &HeaderValue) {
    let request = Request::builder().header(header::IF_MATCH, value).body(()).expect("a request");
    let (mut parts, ()) = request.into_parts();
    match house().run(IfMatch::from_request_parts(&mut parts, &())) {
        Ok(IfMatch(Some(version))) => {
            let tag = value.to_str().expect("a text").trim().trim_matches('"');
            assert_eq!(tag.parse(), Ok(version), "{value:?}");
            let zeros = tag.len() > 1 && tag.starts_with('0');
            let own = format!("\"{tag}\"");
            assert!(zeros || etag(version).to_str().ok() == Some(&own), "{value:?}");
        }
        Ok(IfMatch(None)) => assert_eq!(value.to_str().map(str::trim).ok(), Some("*")),
        Err(failure) => {
            let status = failure.error().kind().status();
            assert!(matches!(status, 400 | 412), "{value:?} is answered {status}");
        }
    }
}

/// Only proxies of ours are believed, and nobody in front of whom they name.
fn forwarded(values: &[HeaderValue]) {
    let trusted = TRUSTED.map(str::to_owned);
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(FORWARDED, value.clone());
    }
    let stranger = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
    let called = |peer: IpAddr, headers: &HeaderMap| {
        client_of(&trusted, SocketAddr::new(peer, 4711), headers).expect("somebody")
    };
    assert_eq!(called(stranger, &headers), stranger, "a stranger is believed: {headers:?}");
    let proxy = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    let client = called(proxy, &headers);
    // Whoever the proxies name may say in front of that what they like.
    let inside = matches!(client, IpAddr::V4(v4) if v4.octets()[0] == 10)
        || matches!(client, IpAddr::V6(v6) if v6.segments()[..2] == [0x2001, 0xdb8]);
    let mut more = HeaderMap::new();
    more.append(FORWARDED, HeaderValue::from_static("198.51.100.9"));
    for value in values {
        more.append(FORWARDED, value.clone());
    }
    assert!(inside || called(proxy, &more) == client, "{headers:?} can be added to");
}
