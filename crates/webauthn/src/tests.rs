use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value;
use proptest::prelude::*;

use crate::{
    Algorithm, Assertion, AuthenticatorData, Expected, PublicKey, Refusal, Stored, authenticate,
    register,
};

const CHALLENGE: &[u8] = b"a challenge of thirty-two bytes!";
/// Present, verified, eligible for backup.
const FLAGS: u8 = 0b1101;

fn expected() -> Expected<'static> {
    Expected {
        challenge: CHALLENGE,
        rp_id: "example.com",
        origin: &|origin| origin == "https://example.com",
        user_verification: true,
    }
}

fn cbor(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

fn map(entries: Vec<(i64, Value)>) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

fn key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

fn cose() -> Vec<u8> {
    let x = key().public_key().as_ref().to_vec();
    cbor(&map(vec![(1, 1.into()), (3, (-8).into()), (-1, 6.into()), (-2, x.into())]))
}

fn client_data(kind: &str) -> Vec<u8> {
    let challenge = URL_SAFE_NO_PAD.encode(CHALLENGE);
    format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"https://example.com"}}"#)
        .into_bytes()
}

fn data(flags: u8, counter: u32, credential: bool) -> Vec<u8> {
    let mut data = digest(&SHA256, b"example.com").as_ref().to_vec();
    data.push(flags | if credential { 64 } else { 0 });
    data.extend_from_slice(&counter.to_be_bytes());
    if credential {
        data.extend_from_slice(&[9; 16]);
        data.extend_from_slice(&[0, 4, 1, 2, 3, 4]);
        data.extend_from_slice(&cose());
    }
    data
}

fn attestation(data: Vec<u8>) -> Vec<u8> {
    cbor(&Value::Map(vec![
        ("fmt".into(), "none".into()),
        ("attStmt".into(), Value::Map(Vec::new())),
        ("authData".into(), data.into()),
    ]))
}

fn signature(data: &[u8], client_data: &[u8]) -> Vec<u8> {
    let signed = [data, digest(&SHA256, client_data).as_ref()].concat();
    key().sign(&signed).as_ref().to_vec()
}

fn signs_in(stored: u32, data: &[u8], client_data: &[u8]) -> Result<u32, Refusal> {
    let signature = signature(data, client_data);
    let answer = Assertion { client_data, authenticator_data: data, signature: &signature };
    let stored = Stored { public_key: &cose(), counter: stored, backup_eligible: true };
    authenticate(&expected(), &stored, &answer).map(|used| used.counter)
}

#[test]
fn what_was_registered_signs_in() {
    let object = attestation(data(FLAGS, 3, true));
    let made = register(&expected(), &client_data("webauthn.create"), &object).unwrap();
    assert_eq!((made.id.as_slice(), made.counter), ([1, 2, 3, 4].as_slice(), 3));
    assert_eq!((made.algorithm, made.aaguid), (Algorithm::EdDsa, [9; 16]));
    assert!(made.backup_eligible && !made.backed_up);
    assert_eq!(made.public_key, cose());
    assert_eq!(signs_in(3, &data(FLAGS, 4, false), &client_data("webauthn.get")), Ok(4));
}

#[test]
fn a_counter_grows_or_does_not_count() {
    let client_data = client_data("webauthn.get");
    for (stored, shown, good) in
        [(0, 0, true), (0, 1, true), (1, 0, false), (5, 5, false), (5, 4, false), (5, 6, true)]
    {
        let answer = signs_in(stored, &data(FLAGS, shown, false), &client_data);
        assert_eq!(answer.is_ok(), good, "{stored} {shown}");
        assert!(good || answer == Err(Refusal::Counter));
    }
    let most = signs_in(u32::MAX - 1, &data(FLAGS, u32::MAX, false), &client_data);
    assert_eq!(most, Ok(u32::MAX));
}

#[test]
fn flags_are_told_apart() {
    let client_data = client_data("webauthn.get");
    for (flags, refusal) in [
        (0b1100, Refusal::UserPresence),
        (0b1001, Refusal::UserVerification),
        (0b0101, Refusal::Backup),
        (0b1_0101, Refusal::Backup),
    ] {
        assert_eq!(signs_in(0, &data(flags, 0, false), &client_data), Err(refusal), "{flags:b}");
    }
    let credential = data(FLAGS, 0, true);
    assert_eq!(signs_in(0, &credential, &client_data), Err(Refusal::Credential));
    let object = attestation(data(FLAGS, 0, false));
    let without = register(&expected(), &self::client_data("webauthn.create"), &object);
    assert_eq!(without, Err(Refusal::Credential));
}

#[test]
fn client_data_is_held_to_what_is_expected() {
    let challenge = URL_SAFE_NO_PAD.encode(CHALLENGE);
    let data = data(FLAGS, 0, false);
    let origin = r#""origin":"https://example.com""#;
    for (json, refusal) in [
        ("[]".to_owned(), Refusal::ClientData),
        (String::new(), Refusal::ClientData),
        (format!(r#"{{"type":"webauthn.get",{origin}}}"#), Refusal::ClientData),
        (
            format!(r#"{{"type":"webauthn.create","challenge":"{challenge}",{origin}}}"#),
            Refusal::Type,
        ),
        (
            format!(r#"{{"type":"webauthn.get","challenge":"{challenge}=",{origin}}}"#),
            Refusal::Challenge,
        ),
        (format!(r#"{{"type":"webauthn.get","challenge":"AAAA",{origin}}}"#), Refusal::Challenge),
        (
            format!(
                r#"{{"type":"webauthn.get","challenge":"{challenge}",
                     "origin":"https://example.com.evil.example"}}"#
            ),
            Refusal::Origin,
        ),
        (
            format!(
                r#"{{"type":"webauthn.get","challenge":"{challenge}",{origin},"crossOrigin":true}}"#
            ),
            Refusal::Origin,
        ),
        (
            format!(
                r#"{{"type":"webauthn.get","type":"webauthn.get","challenge":"{challenge}",{origin}}}"#
            ),
            Refusal::ClientData,
        ),
    ] {
        assert_eq!(signs_in(0, &data, json.as_bytes()), Err(refusal), "{json}");
    }
}

#[test]
fn keys_are_of_one_algorithm_and_whole() {
    let point = [1; 32].to_vec();
    let (n, e) = ([0xff; 256].to_vec(), vec![1, 0, 1]);
    for entries in [
        // Ed25519's curve with another algorithm, and the other way round.
        vec![(1, 1.into()), (3, (-7).into()), (-1, 6.into()), (-2, point.clone().into())],
        vec![(1, 2.into()), (3, (-8).into()), (-1, 1.into()), (-2, point.clone().into())],
        vec![(1, 1.into()), (3, (-8).into()), (-1, 4.into()), (-2, point.clone().into())],
        vec![(1, 1.into()), (3, (-8).into()), (-1, 6.into()), (-2, vec![1; 31].into())],
        // A point on no curve, and a compressed one.
        vec![
            (1, 2.into()),
            (3, (-7).into()),
            (-1, 1.into()),
            (-2, point.clone().into()),
            (-3, point.clone().into()),
        ],
        vec![
            (1, 2.into()),
            (3, (-7).into()),
            (-1, 1.into()),
            (-2, point.clone().into()),
            (-3, true.into()),
        ],
        // Too short, a leading zero, an exponent of one.
        vec![
            (1, 3.into()),
            (3, (-257).into()),
            (-1, vec![0xff; 128].into()),
            (-2, e.clone().into()),
        ],
        vec![
            (1, 3.into()),
            (3, (-257).into()),
            (-1, [&[0], &n[..]].concat().into()),
            (-2, e.into()),
        ],
        vec![(1, 3.into()), (3, (-257).into()), (-1, n.into()), (-2, vec![1].into())],
        vec![(1, 2.into()), (3, (-47).into()), (-1, 8.into()), (-2, point.into())],
        vec![],
    ] {
        let bytes = cbor(&map(entries));
        assert_eq!(PublicKey::read(&bytes).err(), Some(Refusal::Key), "{bytes:x?}");
    }
    let twice = cbor(&map(vec![(1, 1.into()), (1, 1.into())]));
    assert_eq!(PublicKey::read(&twice).err(), Some(Refusal::Cbor));
}

#[test]
fn a_key_written_otherwise_is_the_same_key() {
    // Of unknown length, as RFC 8949 allows.
    let mut open = cose();
    open[0] = 0xbf;
    open.push(0xff);
    assert_eq!(PublicKey::read(&open).unwrap(), PublicKey::read(&cose()).unwrap());
}

#[test]
fn many_keys_cost_little() {
    let entries = (0..10_000).map(|key| (key, Value::Null)).collect();
    assert_eq!(PublicKey::read(&cbor(&map(entries))).err(), Some(Refusal::Cbor));
}

#[test]
fn nothing_is_cut_short_or_followed() {
    let object = attestation(data(FLAGS, 0, true));
    let client_data = client_data("webauthn.create");
    for end in 0..object.len() {
        assert!(register(&expected(), &client_data, &object[..end]).is_err(), "{end}");
    }
    assert!(register(&expected(), &client_data, &[&object[..], &[0]].concat()).is_err());
    let data = data(FLAGS, 0, true);
    for end in 0..data.len() {
        assert!(AuthenticatorData::read(&data[..end]).is_err(), "{end}");
    }
}

proptest! {
    /// What a stranger sends may be anything.
    #[test]
    fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _any = AuthenticatorData::read(&bytes);
        let _any = PublicKey::read(&bytes);
        let client_data = client_data("webauthn.create");
        prop_assert!(register(&expected(), &client_data, &bytes).is_err());
        prop_assert!(register(&expected(), &client_data, &attestation(bytes)).is_err());
    }

    /// One bit of anything signed.
    #[test]
    fn nothing_signed_can_be_changed(at in 0_usize..37 * 8, in_signature in any::<bool>()) {
        let client_data = client_data("webauthn.get");
        let mut data = data(FLAGS, 1, false);
        let mut signature = signature(&data, &client_data);
        let target = if in_signature { &mut signature } else { &mut data };
        target[at / 8] ^= 1 << (at % 8);
        let answer = Assertion {
            client_data: &client_data, authenticator_data: &data, signature: &signature,
        };
        let stored = Stored { public_key: &cose(), counter: 0, backup_eligible: true };
        prop_assert!(authenticate(&expected(), &stored, &answer).is_err());
    }
}
