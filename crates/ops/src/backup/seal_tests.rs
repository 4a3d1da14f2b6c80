use std::io::{BufReader, Cursor};

use super::*;

fn closed(seal: &Seal, text: &[u8]) -> Vec<u8> {
    let mut out = seal.close(Vec::new()).expect("it closes");
    out.write_all(text).expect("it is written");
    out.finish().expect("its end")
}

fn opened(unlock: &Unlock, lock: Encryption, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut from = unlock.open(BufReader::new(Cursor::new(bytes)), lock)?;
    from.read_to_end(&mut text).map_err(unreadable)?;
    Ok(text)
}

#[test]
fn what_is_closed_to_a_key_opens_with_its_other_half_only() {
    let (pair, other) = (Pair::new(), Pair::new());
    let seal = Seal::of(std::slice::from_ref(&pair.public), None).expect("a key");
    let text = vec![7; 200_000];
    let bytes = closed(&seal, &text);
    let with = |pair: &Pair| Unlock::of(std::slice::from_ref(&pair.private), None).expect("a key");
    assert_eq!(opened(&with(&pair), Encryption::Recipients, &bytes).expect("it opens"), text);
    let error = opened(&with(&other), Encryption::Recipients, &bytes).expect_err("another key");
    assert_eq!(error.code(), "backup_locked");
    let error = opened(&Unlock::default(), Encryption::Recipients, &bytes).expect_err("no key");
    assert_eq!(error.code(), "backup_locked");
    for at in [0, 60, bytes.len() / 2, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let error = opened(&with(&pair), Encryption::Recipients, &changed).expect_err("changed");
        assert!(error.code().starts_with("backup_"), "{at}: {error}");
    }
    for length in [10, bytes.len() / 2, bytes.len() - 1] {
        let error = opened(&with(&pair), Encryption::Recipients, &bytes[..length]);
        let error = error.expect_err("cut");
        assert!(matches!(error.code(), "backup_truncated" | "backup_damaged"), "{length}: {error}");
    }
}

#[test]
fn identities_are_read_as_files_hold_them() {
    let pair = Pair::new();
    let file =
        format!("# created: today\n# public key: {}\n\n{}\n", pair.public, pair.private.reveal());
    assert!(Unlock::of(&[Secret::new(file)], None).is_ok());
    for none in ["", "# nothing\n", "AGE-SECRET-KEY-1NONE", pair.public.as_str()] {
        let error = Unlock::of(&[Secret::new(none.to_owned())], None).err().expect("none");
        assert_eq!(error.code(), "invalid_identity");
    }
}

#[test]
fn who_has_something_to_open_one_with_takes_none_that_is_open() {
    let pair = Pair::new();
    let keys = Unlock::of(std::slice::from_ref(&pair.private), None).expect("a key");
    let phrase = Some(Secret::new("correct horse battery".to_owned()));
    let phrase = Unlock::of(&[], phrase).expect("a passphrase");
    for unlock in [&keys, &phrase, &Unlock::default().only_encrypted(true)] {
        let error = opened(unlock, Encryption::None, b"text").expect_err("it is open");
        assert_eq!(error.code(), "backup_not_encrypted");
    }
    for unlock in [Unlock::default(), keys.only_encrypted(false)] {
        assert_eq!(opened(&unlock, Encryption::None, b"text").expect("it is read"), b"text");
    }
}

#[test]
fn a_passphrase_is_not_a_word() {
    let of = |text: &str| Seal::of(&[], Some(Secret::new(text.to_owned())));
    assert_eq!(
        of("horse").err().map(|error| error.code().to_owned()).as_deref(),
        Some("passphrase_too_short")
    );
    assert!(of("correct horse").is_ok());
}

#[test]
fn a_lock_that_takes_too_much_is_told_apart_from_another_passphrase() {
    let phrase = "correct horse battery";
    let closed_with = |work: u8| {
        let mut key = scrypt::Recipient::new(SecretString::from(phrase.to_owned()));
        key.set_work_factor(work);
        let keys = iter::once(&key as &dyn age::Recipient);
        let mut out = Encryptor::with_recipients(keys)
            .expect("a lock")
            .wrap_output(Vec::new())
            .expect("a way in");
        out.write_all(b"text").expect("it is written");
        out.finish().expect("its end")
    };
    let bytes = closed_with(10);
    let unlock = |text: &str| Unlock::of(&[], Some(Secret::new(text.to_owned()))).expect("one");
    let text = opened(&unlock(phrase), Encryption::Passphrase, &bytes).expect("it opens");
    assert_eq!(text, b"text");
    let error = opened(&unlock("another phrase"), Encryption::Passphrase, &bytes);
    assert_eq!(error.expect_err("another one").code(), "backup_locked");
    // As if it had been written with more: the work is refused before it is done.
    let line = bytes.windows(4).position(|four| four == b" 10\n").expect("the work");
    let costly = [&bytes[..line], b" 19\n", &bytes[line + 4..]].concat();
    let error = opened(&unlock(phrase), Encryption::Passphrase, &costly).expect_err("too much");
    assert_eq!(error.code(), "backup_lock_too_costly");
}
