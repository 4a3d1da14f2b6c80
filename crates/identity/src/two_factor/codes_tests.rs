use std::collections::BTreeSet;
use std::time::Duration;

use super::*;

/// Appendix B of RFC 6238; ours are the last six digits.
#[test]
fn codes_are_those_of_the_standard() {
    let seed = b"12345678901234567890";
    for (seconds, code) in [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
    ] {
        let at = Time::from_micros(seconds * 1_000_000);
        assert_eq!(matching_step(seed, code, at).unwrap(), Some(seconds / 30), "{code}");
        let spaced = format!(" {} {} ", &code[..3], &code[3..]);
        assert_eq!(matching_step(seed, &spaced, at).unwrap(), Some(seconds / 30));
    }
}

#[test]
fn a_code_is_good_one_step_early_and_late() {
    let seed = b"12345678901234567890";
    // The first second of its step.
    let at = Time::from_micros(1_111_111_110 * 1_000_000);
    let step = 1_111_111_110 / 30;
    for (when, good) in [
        (at.before(Duration::from_secs(31)), false),
        (at.before(Duration::from_secs(30)), true),
        (at.after(Duration::from_secs(59)), true),
        (at.after(Duration::from_secs(60)), false),
    ] {
        assert_eq!(matching_step(seed, "050471", when).unwrap(), good.then_some(step));
    }
}

#[test]
fn what_is_no_code_matches_nothing() {
    let at = Time::from_micros(59_000_000);
    for code in ["", "28708", "2870822", "28708a", "２８７０８２", &"2".repeat(100_000)] {
        assert_eq!(matching_step(b"12345678901234567890", code, at).unwrap(), None);
    }
}

#[test]
fn an_address_names_issuer_and_account() {
    let uri = totp_uri(&[7; SEED_BYTES], "Six: fold", "ada@example.com").unwrap();
    assert_eq!(
        uri,
        "otpauth://totp/Six%20%20fold:ada%40example.com?secret=A4DQOBYHA4DQOBYHA4DQOBYHA4DQOBYH\
         &issuer=Six%20%20fold"
    );
}

#[test]
fn backup_codes_differ_and_are_typed_anyhow() {
    let codes = backup_codes(&Random::seeded(1));
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), BACKUP_CODES);
    assert_eq!(LETTERS.iter().collect::<BTreeSet<_>>().len(), 32);
    let (keys, user) = (Keys::new([1; 32], [2; 32]), UserId(uuid::Uuid::from_u128(1)));
    let code = &codes[0];
    assert!(code.len() == 11 && code.as_bytes()[5] == b'-', "{code}");
    let hash = backup_hash(&keys, user, code);
    let bare = code.replace('-', "");
    for typed in [code.to_uppercase(), bare, format!(" {code}\n")] {
        assert_eq!(backup_hash(&keys, user, &typed), hash, "{typed}");
    }
    assert_ne!(backup_hash(&keys, UserId(uuid::Uuid::from_u128(2)), code), hash);
    assert_ne!(backup_hash(&keys, user, &codes[1]), hash);
}

#[test]
fn a_mailed_code_has_six_digits() {
    let random = Random::seeded(2);
    for _ in 0..1_000 {
        let code = email_code(&random);
        assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
    }
}
