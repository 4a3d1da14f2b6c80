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
    let seal = Seal::of(&[pair.public.clone()], None).expect("a key");
    let text = vec![7; 200_000];
    let bytes = closed(&seal, &text);
    let with = |pair: &Pair| Unlock::of(&[pair.private.clone()], None).expect("a key");
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
