use super::*;

#[test]
fn a_new_key_is_well_formed_and_unlike_the_last() {
    let random = Random::seeded(7);
    let keys: Vec<String> = (0..100).map(|_| make(&random, "")).collect();
    for key in &keys {
        assert_eq!(key.len(), 53);
        assert!(is_well_formed(key), "{key}");
        assert!(key[4..].bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(start(key), &key[..10]);
    }
    let mut unique = keys.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), keys.len());
    // Every letter appears: none was left out by the drawing.
    assert!(
        ALPHABET.iter().all(|letter| keys.iter().any(|k| k.as_bytes()[4..47].contains(letter)))
    );
}

#[test]
fn a_changed_letter_or_length_is_noticed() {
    let key = make(&Random::seeded(7), "");
    for at in 0..key.len() {
        let mut changed = key.clone().into_bytes();
        changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
        assert!(!is_well_formed(&String::from_utf8(changed).unwrap()), "at {at}");
    }
    for wrong in ["", "gsk_", &key[..52], &format!("{key}0"), &"é".repeat(27)] {
        assert!(!is_well_formed(wrong), "{wrong}");
    }
    // 53 bytes, with a letter across the place where it is cut.
    let crossing = format!("gsk_{}é{}", "0".repeat(42), "0".repeat(5));
    assert_eq!(crossing.len(), 53);
    assert!(!is_well_formed(&crossing));
}

#[test]
fn a_prefix_of_ones_own_stands_in_front_and_the_key_is_still_found() {
    for prefix in ["acme_", "a", "gsk_", &"x".repeat(32)] {
        let key = make(&Random::seeded(8), prefix);
        assert!(key.starts_with(&format!("{prefix}gsk_")), "{key}");
        assert_eq!(start(&key), &key[..prefix.len() + 10]);
        assert!(is_meant(&key) && is_well_formed(&key), "{key}");
        assert!(!is_well_formed(&key.replace("gsk_", "gsx_")));
    }
    let key = make(&Random::seeded(8), "");
    for prefix in ["a.b", "a b", "é", "a/", &"x".repeat(33)] {
        assert!(!is_meant(&format!("{prefix}{key}")), "{prefix}");
    }
    for other in ["", "gsk_", "ses_abc", "eyJhbGciOiJFZERTQSJ9.e30.x"] {
        assert!(!is_meant(other), "{other}");
    }
}
