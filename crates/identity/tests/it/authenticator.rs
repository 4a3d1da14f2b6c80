//! An authenticator in software: makes keys of all three algorithms and writes by hand what a
//! real one writes, right or wrong.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

pub(crate) const PRESENT: u8 = 1;
pub(crate) const VERIFIED: u8 = 4;
pub(crate) const ELIGIBLE: u8 = 8;
pub(crate) const BACKED_UP: u8 = 16;
const HAS_CREDENTIAL: u8 = 64;

enum Key {
    EdDsa(Ed25519KeyPair),
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
}

/// One credential, and what is said about it; every field may be made wrong.
pub(crate) struct Authenticator {
    key: Key,
    pub(crate) id: Vec<u8>,
    pub(crate) origin: String,
    pub(crate) rp_id: String,
    pub(crate) flags: u8,
    pub(crate) counter: u32,
    pub(crate) user_handle: Option<Vec<u8>>,
    /// Claimed instead of the key's own algorithm.
    pub(crate) claims: Option<i64>,
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The head of a CBOR item.
fn head(major: u8, number: u64) -> Vec<u8> {
    match number {
        0..=23 => vec![major << 5 | number as u8],
        24..=255 => vec![major << 5 | 24, number as u8],
        _ => {
            let [.., high, low] = number.to_be_bytes();
            vec![major << 5 | 25, high, low]
        }
    }
}

fn number(value: i64) -> Vec<u8> {
    if value < 0 { head(1, (-1 - value).unsigned_abs()) } else { head(0, value.unsigned_abs()) }
}

fn bytes(value: &[u8]) -> Vec<u8> {
    [head(2, value.len() as u64), value.to_vec()].concat()
}

fn text(value: &str) -> Vec<u8> {
    [head(3, value.len() as u64), value.as_bytes().to_vec()].concat()
}

fn map(entries: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut all = head(5, entries.len() as u64);
    for (key, value) in entries {
        all.extend_from_slice(key);
        all.extend_from_slice(value);
    }
    all
}

impl Authenticator {
    /// With a new key of an algorithm, by its COSE number.
    pub(crate) fn new(algorithm: i64) -> Self {
        let key = match algorithm {
            -8 => Key::EdDsa(Ed25519KeyPair::generate().unwrap()),
            -7 => Key::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()),
            _ => Key::Rs256(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
        };
        let mut id = [0; 32];
        aws_lc_rs::rand::fill(&mut id).unwrap();
        Self {
            key,
            id: id.to_vec(),
            origin: "http://localhost:8080".to_owned(),
            rp_id: "localhost".to_owned(),
            flags: PRESENT | VERIFIED | ELIGIBLE | BACKED_UP,
            counter: 0,
            user_handle: None,
            claims: None,
        }
    }

    fn cose(&self) -> Vec<u8> {
        let alg = |own: i64| number(self.claims.unwrap_or(own));
        let entry = |key: i64, value: Vec<u8>| (number(key), value);
        match &self.key {
            Key::EdDsa(key) => map(&[
                entry(1, number(1)),
                entry(3, alg(-8)),
                entry(-1, number(6)),
                entry(-2, bytes(key.public_key().as_ref())),
            ]),
            Key::Es256(key) => {
                let point = key.public_key().as_ref();
                map(&[
                    entry(1, number(2)),
                    entry(3, alg(-7)),
                    entry(-1, number(1)),
                    entry(-2, bytes(&point[1..33])),
                    entry(-3, bytes(&point[33..])),
                ])
            }
            Key::Rs256(key) => {
                let parts = PublicKeyComponents::<Vec<u8>>::from(key.public_key());
                map(&[
                    entry(1, number(3)),
                    entry(3, alg(-257)),
                    entry(-1, bytes(&parts.n)),
                    entry(-2, bytes(&parts.e)),
                ])
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.key {
            Key::EdDsa(key) => key.sign(message).as_ref().to_vec(),
            Key::Es256(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            Key::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let mut data = digest(&SHA256, self.rp_id.as_bytes()).as_ref().to_vec();
        data.push(self.flags | flags);
        data.extend_from_slice(&self.counter.to_be_bytes());
        data
    }

    fn client_data(&self, kind: &str, challenge: &str) -> Vec<u8> {
        let data = json!({ "type": kind, "challenge": challenge, "origin": self.origin,
                           "crossOrigin": false, "other_keys_can_be_added_here": "yes" });
        data.to_string().into_bytes()
    }

    /// The attestation object, with any statement.
    pub(crate) fn attestation(&self, format: &str, statement: Vec<u8>) -> Vec<u8> {
        let mut data = self.data(HAS_CREDENTIAL);
        data.extend_from_slice(&[7; 16]);
        data.extend_from_slice(&u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend_from_slice(&self.id);
        data.extend_from_slice(&self.cose());
        map(&[
            (text("fmt"), text(format)),
            (text("attStmt"), statement),
            (text("authData"), bytes(&data)),
        ])
    }

    pub(crate) fn registers(&self, challenge: &str, attestation: &[u8]) -> Value {
        let client_data = self.client_data("webauthn.create", challenge);
        json!({
            "id": base64(&self.id), "rawId": base64(&self.id), "type": "public-key",
            "authenticatorAttachment": "platform",
            "response": {
                "clientDataJSON": base64(&client_data),
                "attestationObject": base64(attestation),
                "transports": ["internal", "hybrid", "<script>"],
                "publicKeyAlgorithm": -7,
            },
        })
    }

    /// A registration as browsers send it.
    pub(crate) fn register(&self, challenge: &str) -> Value {
        self.registers(challenge, &self.attestation("none", map(&[])))
    }

    /// A sign-in of a given type.
    pub(crate) fn answer(&self, kind: &str, challenge: &str) -> Value {
        let (data, client_data) = (self.data(0), self.client_data(kind, challenge));
        let mut signed = data.clone();
        signed.extend_from_slice(digest(&SHA256, &client_data).as_ref());
        json!({
            "id": base64(&self.id), "rawId": base64(&self.id), "type": "public-key",
            "response": {
                "clientDataJSON": base64(&client_data),
                "authenticatorData": base64(&data),
                "signature": base64(&self.sign(&signed)),
                "userHandle": self.user_handle.as_deref().map(base64),
            },
        })
    }

    /// A sign-in as browsers send it.
    pub(crate) fn authenticate(&self, challenge: &str) -> Value {
        self.answer("webauthn.get", challenge)
    }
}
