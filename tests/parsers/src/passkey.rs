//! What a browser says of a passkey: CBOR, keys and signatures by whoever wants to be let in.

use webauthn::{ALGORITHMS, Assertion, AuthenticatorData, Expected, PublicKey, Stored};

/// Three parts, each behind its length: what the browser collected, what the authenticator says, and
/// a signature or a key.
pub fn passkey(data: &[u8]) {
    let (client_data, rest) = part(data);
    let (said, rest) = part(rest);
    let origin = |origin: &str| origin == "http://localhost:8080";
    let expected = Expected {
        challenge: &[5; 32],
        rp_id: "localhost",
        origin: &origin,
        user_verification: true,
    };
    if let Ok(credential) = webauthn::register(&expected, client_data, said) {
        let (key, rest) = PublicKey::read(&credential.public_key).expect("its key can be read");
        assert!(rest.is_empty(), "a key and nothing more");
        assert_eq!(key.algorithm(), credential.algorithm);
    }
    if let Ok(data) = AuthenticatorData::read(said) {
        assert!(data.credential.is_none_or(|new| new.cose.len() < said.len()));
    }
    if let Ok((key, left)) = PublicKey::read(rest) {
        assert!(rest.ends_with(left), "what is left is the end");
        assert!(ALGORITHMS.contains(&key.algorithm()));
        // Whoever chooses the key, too, may choose one that all signatures are good for.
        let _ = key.verify(client_data, said);
    }
    let stored = Stored { public_key: rest, counter: 0, backup_eligible: false };
    let answer = Assertion { client_data, authenticator_data: said, signature: rest };
    assert!(webauthn::authenticate(&expected, &stored, &answer).is_err(), "nobody is let in");
}

fn part(data: &[u8]) -> (&[u8], &[u8]) {
    let [high, low, rest @ ..] = data else { return (&[], &[]) };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    rest.split_at(length.min(rest.len()))
}
