//! The signatures of [Standard Webhooks](https://github.com/standard-webhooks/standard-webhooks):
//! HMAC-SHA256 over id, time and body, joined by dots.

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What secrets begin with.
pub(crate) const PREFIX: &str = "whsec_";
/// Bytes of a key of ours.
pub(crate) const KEY: usize = 32;

/// With padding when written; with or without when read, since clients differ.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A keyed hash over parts, one after the other.
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac)
}

/// Whether `given` is the keyed hash over parts; takes as long whatever is wrong with it.
pub(crate) fn is_mac(key: &[u8], parts: &[&[u8]], given: &[u8]) -> bool {
    mac(key, parts).is_some_and(|mac| mac.verify_slice(given).is_ok())
}

/// `v1,…` over a message.
pub(crate) fn signature(key: &[u8], id: &str, seconds: i64, body: &[u8]) -> String {
    let seconds = seconds.to_string();
    let parts = [id.as_bytes(), b".", seconds.as_bytes(), b".", body];
    let hash = mac(key, &parts).map(|mac| mac.finalize().into_bytes());
    format!("v1,{}", hash.map_or_else(String::new, |hash| BASE64.encode(hash)))
}

/// Whether one of the signatures of a header is that of a message.
pub(crate) fn is_signed(key: &[u8], id: &str, seconds: &str, body: &[u8], header: &str) -> bool {
    /// More are not looked at.
    const MOST: usize = 16;
    let parts = [id.as_bytes(), b".", seconds.as_bytes(), b".", body];
    let all = header.split(' ').filter_map(|one| one.strip_prefix("v1,")).take(MOST);
    all.filter_map(|text| BASE64.decode(text).ok()).any(|given| is_mac(key, &parts, &given))
}

/// A key as people keep it.
pub(crate) fn text_of(key: &[u8]) -> String {
    format!("{PREFIX}{}", BASE64.encode(key))
}

/// A key from its text, with or without the prefix.
pub(crate) fn key_of(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.strip_prefix(PREFIX).unwrap_or(text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference libraries.
    #[test]
    fn a_message_is_signed_as_others_sign_it() {
        let key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", br#"{"test": 2432232314}"#);
        let signed = signature(&key, id, 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let header = format!("v2,x v1,AAAA {signed}");
        assert!(is_signed(&key, id, "1614265330", body, &header));
        assert!(!is_signed(&key, id, "1614265331", body, &header));
        assert!(!is_signed(&key, id, "1614265330", b"{}", &header));
        assert_eq!(key_of(&text_of(&key)).unwrap(), key);
    }
}
