use proptest::prelude::*;

use super::*;

fn key() -> CursorKey {
    CursorKey::new(&[7; 32])
}

#[test]
fn the_seal_is_plain_hmac_sha_256() {
    // The same key through the ordinary door gives the same seal.
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&[7; 32]).unwrap();
    mac.update(&1u64.to_be_bytes());
    mac.update(b"s");
    mac.update(&2u64.to_be_bytes());
    mac.update(b"ab");
    let mut expected = b"ab".to_vec();
    expected.extend_from_slice(&mac.finalize().into_bytes()[..16]);
    assert_eq!(key().seal("s", b"ab"), URL_SAFE_NO_PAD.encode(expected));
}

#[test]
fn a_refusal_is_a_422_about_the_cursor() {
    let error = key().open("things", "nonsense").unwrap_err();
    assert_eq!(error.kind().status(), 422);
    assert_eq!(error.code(), "invalid_cursor");
    assert_eq!(error.field_errors()[0].pointer, "cursor");
    assert!(key().open("things", "").is_err());
    assert!(key().open("things", &"A".repeat(100_000)).is_err());
}

proptest! {
    #[test]
    fn what_is_sealed_opens(scope in ".*", payload in proptest::collection::vec(any::<u8>(), 0..100)) {
        let text = key().seal(&scope, &payload);
        prop_assert_eq!(key().open(&scope, &text).unwrap(), payload);
    }

    #[test]
    fn no_other_list_and_no_other_key_opens_it(
        scope in ".*",
        other in ".*",
        payload in proptest::collection::vec(any::<u8>(), 0..50),
    ) {
        let text = key().seal(&scope, &payload);
        prop_assert!(scope == other || key().open(&other, &text).is_err());
        prop_assert!(CursorKey::new(&[8; 32]).open(&scope, &text).is_err());
    }

    #[test]
    fn a_changed_letter_breaks_it(
        payload in proptest::collection::vec(any::<u8>(), 0..50),
        at in any::<proptest::sample::Index>(),
        letter in "[A-Za-z0-9_-]",
    ) {
        let text = key().seal("things", &payload);
        let at = at.index(text.len());
        let mut changed = text.clone();
        changed.replace_range(at..=at, &letter);
        prop_assert!(changed == text || key().open("things", &changed).is_err());
        prop_assert!(key().open("things", &text[..at]).is_err());
    }

    #[test]
    fn letters_cannot_move_between_scope_and_payload(text in "[a-z]{2,20}", cut in 1usize..19) {
        let cut = cut.min(text.len() - 1);
        let (scope, payload) = text.split_at(cut);
        let (longer, shorter) = text.split_at(cut + 1);
        let sealed = key().seal(scope, payload.as_bytes());
        let tag = &URL_SAFE_NO_PAD.decode(&sealed).unwrap()[payload.len()..];
        let forged = URL_SAFE_NO_PAD.encode([shorter.as_bytes(), tag].concat());
        prop_assert!(key().open(longer, &forged).is_err());
    }
}
