//! Credentials and signatures by somebody who has none: nobody is ever somebody.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use integrations::{Signature, verify};
use sha2::Sha256;
use types::ErrorKind;

use crate::house::{NOW, house};

/// Of whoever is meant, unknown to whoever calls.
const KEY: &[u8] = b"a key that nobody guesses";
/// By the first letter of a line.
const HEADERS: [(u8, &str); 7] = [
    (b'a', "authorization"),
    (b'k', "x-api-key"),
    (b'c', "cookie"),
    (b'i', "webhook-id"),
    (b't', "webhook-timestamp"),
    (b'w', "webhook-signature"),
    (b's', "stripe-signature"),
];
const GITHUB: &str = "x-hub-signature-256";

/// Lines that are headers, each behind a letter for its name.
pub fn token(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        let [letter, value @ ..] = line else { continue };
        let name = HEADERS.iter().find(|(known, _)| known == letter);
        if let (Some((_, name)), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    signatures(&headers, data);
    let mut request = Request::new(());
    *request.headers_mut() = headers;
    let (parts, ()) = request.into_parts();
    let house = house();
    match house.run(identity::who_sent(&house.identity, &parts)) {
        Ok(who) => assert!(who.is_none(), "somebody is let in: {:?}", parts.headers),
        Err(error) => {
            let kinds = [ErrorKind::Unauthenticated, ErrorKind::Malformed, ErrorKind::Forbidden];
            assert!(kinds.contains(&error.kind()), "{error:?}");
        }
    }
}

/// No header is a signature by chance, a true one is known, and over nothing else.
fn signatures(headers: &HeaderMap, body: &[u8]) {
    for signature in [Signature::Standard, Signature::Stripe, Signature::Token] {
        let proven = verify(signature, KEY, headers, body, NOW);
        assert!(proven.is_none(), "{signature:?} is proven: {headers:?}");
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).expect("a key");
    mac.update(body);
    let mut text = String::from("sha256=");
    for byte in mac.finalize().into_bytes() {
        write!(text, "{byte:02x}").expect("a text takes it");
    }
    let mut signed = headers.clone();
    signed.insert(GITHUB, HeaderValue::from_str(&text).expect("a header"));
    let known = |body: &[u8]| verify(Signature::Github, KEY, &signed, body, NOW).is_some();
    assert!(known(body), "a true signature is not known");
    assert!(!known(&[body, b"x"].concat()), "a signature is good for something else");
}
