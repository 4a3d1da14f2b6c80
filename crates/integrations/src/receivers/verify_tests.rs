use http::HeaderValue;

use super::*;

const BODY: &[u8] = b"Hello, World!";

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (http::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        })
        .collect()
}

fn at(seconds: i64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

/// The example of GitHub's documentation.
#[test]
fn what_github_signs_is_known() {
    let signed = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let check = |secret: &str, given: &str, body: &[u8]| {
        let headers = headers(&[("x-hub-signature-256", given)]);
        verify(Signature::Github, secret.as_bytes(), &headers, body, at(0)).is_some()
    };
    let secret = "It's a Secret to Everybody";
    assert!(check(secret, signed, BODY));
    assert!(!check(secret, signed, b"Hello, World"));
    assert!(!check("another secret", signed, BODY));
    for wrong in ["", "sha256=", "sha256=00", "757107", "sha1=757107"] {
        assert!(!check(secret, wrong, BODY), "{wrong}");
    }
}

#[test]
fn a_signed_time_is_good_for_five_minutes() {
    let key = b"a key that is long enough";
    let signature = sign::signature(key, "msg_1", 1_000_000, BODY);
    let headers = headers(&[
        ("webhook-id", "msg_1"),
        ("webhook-timestamp", "1000000"),
        ("webhook-signature", &signature),
    ]);
    let check = |now| verify(Signature::Standard, key, &headers, BODY, at(now)).is_some();
    assert!(check(1_000_000) && check(1_000_300) && check(999_700));
    assert!(!check(1_000_301) && !check(999_699));
}

#[test]
fn one_of_several_signatures_is_enough_and_the_time_is_part_of_it() {
    let key = b"whsec_a_secret_of_stripe";
    let hash = sign::mac(key, &[b"1000000.", BODY]).unwrap();
    let hex: String =
        hmac::Mac::finalize(hash).into_bytes().iter().map(|b| format!("{b:02x}")).collect();
    let zeros = "0".repeat(64);
    let check = |header: &str| {
        let headers = headers(&[("stripe-signature", header)]);
        verify(Signature::Stripe, key, &headers, BODY, at(1_000_001)).is_some()
    };
    assert!(check(&format!("t=1000000,v1={hex}")));
    assert!(check(&format!("t=1000000, v0=x, v1={zeros}, v1={hex}")));
    assert!(!check(&format!("t=1000001,v1={hex}")));
    assert!(!check(&format!("t=1000000,v0={hex}")));
    assert!(!check("t=1000000") && !check(&format!("v1={hex}")) && !check(""));
}

#[test]
fn a_token_is_the_secret_itself() {
    let key = b"a secret of more than enough letters";
    let check = |header: &str| {
        let headers = headers(&[("authorization", header)]);
        verify(Signature::Token, key, &headers, BODY, at(0)).is_some()
    };
    assert!(check("Bearer a secret of more than enough letters"));
    assert!(!check("Bearer a secret of more than enough letter"));
    assert!(
        !check("Basic a secret of more than enough letters") && !check("Bearer ") && !check("")
    );
}
