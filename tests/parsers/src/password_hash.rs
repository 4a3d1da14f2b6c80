//! Hashes of passwords that imports bring: taken, or refused by name; nothing is computed.

use crate::house::house;

/// Letters of a hash at most.
const MOST: usize = 512;

/// A text.
pub fn password_hash(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match identity::parsers::password_hash(&house().identity, text) {
        Ok(()) => assert!(text.is_ascii() && text.len() <= MOST, "{text:?} is taken"),
        Err(error) => {
            let fields = error.field_errors();
            assert_eq!(error.kind().status(), 422, "{error:?}");
            let known = |code: &str| matches!(code, "unknown_hash" | "hash_too_costly");
            assert!(fields.iter().all(|field| known(&field.code)), "{error:?}");
        }
    }
}
