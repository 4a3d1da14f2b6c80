use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::*;

const NOW: Time = Time::from_micros(1_800_000_000_000_000);
const ISSUER: &str = "http://localhost:8080";

fn tokens(signing: u8) -> AccessTokens {
    let keys = Keys::new([1; 32], [signing; 32]);
    AccessTokens::new(&keys, ISSUER, &Settings::default()).unwrap()
}

fn signed(tokens: &AccessTokens) -> String {
    tokens.sign(UserId(Uuid::from_u128(5)), SessionId(Uuid::from_u128(6)), NOW).unwrap()
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
    assert_eq!(claims.exp - claims.iat, 15 * 60);
    assert!(tokens.read(&token, in_minutes(14)).is_some());
    assert!(tokens.read(&token, in_minutes(15)).is_none());
}

#[test]
fn the_key_id_names_the_public_key() {
    let kid = |tokens: &AccessTokens| tokens.header.kid.clone().unwrap();
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
