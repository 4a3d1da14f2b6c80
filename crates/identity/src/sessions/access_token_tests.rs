use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

const NOW: Time = Time::from_micros(1_800_000_000_000_000);
const ISSUER: &str = "http://localhost:8080";

fn tokens(signing: u8) -> AccessTokens {
    let keys = Keys::new([1; 32], [signing; 32]);
    known(AccessTokens::new(&keys, ISSUER, &Settings::default()).unwrap())
}

/// As after the first look into the store.
fn known(tokens: AccessTokens) -> AccessTokens {
    tokens.ring.replace(Vec::new(), None);
    tokens
}

fn signed(tokens: &AccessTokens) -> String {
    tokens.sign(UserId(Uuid::from_u128(5)), SessionId(Uuid::from_u128(6)), NOW, NOW).unwrap()
}

fn in_minutes(minutes: u64) -> Time {
    NOW.after(Duration::from_secs(minutes * 60))
}

#[test]
fn what_was_signed_is_read_until_it_expires() {
    let tokens = tokens(2);
    let token = signed(&tokens);
    let claims = tokens.read(&token, NOW).unwrap();
    assert_eq!(claims.sub, UserId(Uuid::from_u128(5)));
    assert_eq!(claims.sid, SessionId(Uuid::from_u128(6)));
    assert_eq!((claims.auth_time, claims.exp - claims.iat), (NOW.seconds(), 15 * 60));
    assert!(tokens.read(&token, in_minutes(14)).is_some());
    assert!(tokens.read(&token, in_minutes(15)).is_none());
}

#[test]
fn nothing_is_believed_before_the_keys_were_read() {
    let keys = Keys::new([1; 32], [2; 32]);
    let tokens = AccessTokens::new(&keys, ISSUER, &Settings::default()).unwrap();
    let token = signed(&tokens);
    assert!(tokens.read(&token, NOW).is_none());
    assert!(known(tokens).read(&token, NOW).is_some());
}

#[test]
fn the_key_id_names_the_public_key() {
    let kid = |tokens: &AccessTokens| tokens.ring.signer(NOW).kid().to_owned();
    assert_eq!(kid(&tokens(2)).len(), 16);
    assert_eq!(kid(&tokens(2)), kid(&tokens(2)));
    assert_ne!(kid(&tokens(2)), kid(&tokens(3)));
}

#[test]
fn another_key_another_issuer_or_a_changed_letter_is_refused() {
    let ours = tokens(2);
    assert!(ours.read(&signed(&tokens(3)), NOW).is_none());

    let keys = Keys::new([1; 32], [2; 32]);
    let elsewhere = AccessTokens::new(&keys, "https://evil.example", &Settings::default()).unwrap();
    let elsewhere = known(elsewhere);
    assert!(ours.read(&signed(&elsewhere), NOW).is_none());

    let token = signed(&ours);
    for (at, letter) in token.char_indices().step_by(7) {
        let other = if letter == 'A' { "B" } else { "A" };
        let mut changed = token.clone();
        changed.replace_range(at..=at, other);
        // The last letter of a part may carry bits that mean nothing; decoders refuse those too.
        assert!(ours.read(&changed, NOW).is_none(), "at {at}");
    }
    for junk in ["", ".", "..", "a.b.c", "....", &format!("{token}."), &token[..token.len() - 4]] {
        assert!(ours.read(junk, NOW).is_none(), "{junk}");
    }
}

#[test]
fn the_token_does_not_choose_its_algorithm() {
    let ours = tokens(2);
    let token = signed(&ours);
    let payload = token.split('.').nth(1).unwrap();
    let with_header = |header: &str| URL_SAFE_NO_PAD.encode(header);

    for none in [r#"{"alg":"none"}"#, r#"{"alg":"None","typ":"JWT"}"#, r#"{"typ":"JWT"}"#] {
        let head = with_header(none);
        let signature = token.split('.').nth(2).unwrap();
        for forged in [format!("{head}.{payload}."), format!("{head}.{payload}.{signature}")] {
            assert!(ours.read(&forged, NOW).is_none(), "{none}");
        }
    }

    // The classic confusion: HMAC with the public key, which everybody knows, as its secret.
    let pair = Ed25519KeyPair::from_seed_unchecked(&[2; 32]).unwrap();
    let claims = ours.read(&token, NOW).unwrap();
    for algorithm in [Algorithm::HS256, Algorithm::HS512] {
        for secret in [pair.public_key().as_ref(), &[2; 32][..], b""] {
            let forged =
                encode(&Header::new(algorithm), &claims, &EncodingKey::from_secret(secret));
            if let Ok(forged) = forged {
                assert!(ours.read(&forged, NOW).is_none(), "{algorithm:?}");
            }
        }
    }
}

/// Signs anything with our own key.
fn forged(header: &Header, claims: &Value) -> String {
    let key = tokens(2).ring.signer(NOW);
    encode(header, claims, &key.encoding).unwrap()
}

#[test]
fn our_own_signature_on_anything_else_opens_nothing() {
    let ours = tokens(2);
    let header = ours.ring.signer(NOW).header.clone();
    let good = serde_json::to_value(ours.read(&signed(&ours), NOW).unwrap()).unwrap();
    assert!(ours.read(&forged(&header, &good), NOW).is_some(), "the base of what follows");

    for (name, value) in [
        ("aud", json!("https://another.example")),
        ("aud", json!([ISSUER, "https://another.example"])),
        ("aud", Value::Null),
        ("iss", json!("https://evil.example")),
        ("exp", json!(NOW.seconds())),
        ("exp", json!(0)),
        ("auth_time", Value::Null),
        ("exp", json!("9999999999")),
        ("sid", Value::Null),
        ("sub", json!("person_01jd7jr6kg7k1srh6w1g603kwf")),
    ] {
        let mut claims = good.clone();
        claims[name] = value.clone();
        assert!(ours.read(&forged(&header, &claims), NOW).is_none(), "{name} {value}");
        claims.as_object_mut().unwrap().remove(name);
        assert!(ours.read(&forged(&header, &claims), NOW).is_none(), "without {name}");
    }
    // An id token, or any other JWT of this key.
    for typ in [None, Some("JWT"), Some("dpop+jwt"), Some("AT+JWT "), Some("")] {
        let header = Header { typ: typ.map(str::to_owned), ..header.clone() };
        assert!(ours.read(&forged(&header, &good), NOW).is_none(), "{typ:?}");
    }
}

#[test]
fn the_key_id_only_names_one_of_our_keys() {
    let ours = tokens(2);
    let claims = serde_json::to_value(ours.read(&signed(&ours), NOW).unwrap()).unwrap();
    let header = ours.ring.signer(NOW).header.clone();
    let long = "a".repeat(1_000);
    for kid in [None, Some(""), Some("../../signing.key"), Some("' or 1=1 --"), Some(&*long)] {
        let header = Header { kid: kid.map(str::to_owned), ..header.clone() };
        assert!(ours.read(&forged(&header, &claims), NOW).is_none(), "{kid:?}");
    }
    // Its own key brought along, or an address of one, is not looked at.
    let foreign = tokens(3).ring.signer(NOW);
    let header = Header { jku: Some("https://evil.example/jwks".to_owned()), ..header };
    let token = encode(&header, &claims, &foreign.encoding).unwrap();
    assert!(ours.read(&token, NOW).is_none());
}
