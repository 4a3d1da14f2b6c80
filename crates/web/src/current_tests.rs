use std::collections::HashSet;

use super::*;

#[test]
fn sane_ids_are_short_tokens() {
    for good in ["a", "0190-abc.DEF_7", &"x".repeat(64)] {
        assert!(is_sane(good.as_bytes()), "{good}");
    }
    for bad in ["", "a b", "a\"b", "ä", "a/b", "<x>", "a\n", "{}", &"x".repeat(65)] {
        assert!(!is_sane(bad.as_bytes()), "{bad}");
    }
}

#[test]
fn made_ids_are_sane_and_differ() {
    let ids = Ids::counted();
    let made: HashSet<_> = (0..1000).map(|_| ids.take(&HeaderMap::new(), || true).0).collect();
    assert_eq!(made.len(), 1000);
    assert!(made.iter().all(|id| is_sane(id.as_bytes())));
}

#[test]
fn two_processes_do_not_share_ids() {
    let (one, two) = (Ids::counted(), Ids::counted());
    assert_ne!(one.take(&HeaderMap::new(), || true).0, two.take(&HeaderMap::new(), || true).0);
}
