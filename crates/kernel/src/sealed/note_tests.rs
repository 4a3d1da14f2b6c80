use proptest::prelude::*;

use super::*;

fn signer(root: u8) -> Signer {
    Signer::of(&Keys::new([root; 32], [9; 32])).unwrap()
}

/// The key and the note of the specification's reference implementation (golang.org/x/mod/sumdb/note).
#[test]
fn a_key_of_others_is_read_and_their_signature_holds() {
    let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let verifier = Verifier::parse(key).unwrap();
    assert_eq!(verifier.to_string(), key);
    let text = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n";
    let signed = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
    let (name, signed) = line(&format!("{DASH}PeterNeumann {signed}")).unwrap();
    assert_eq!((name.as_str(), &signed[..4]), ("PeterNeumann", &verifier.id[..]));
    let public = UnparsedPublicKey::new(&ED25519, &verifier.public);
    public.verify(text.as_bytes(), &signed[4..]).unwrap();
}

#[test]
fn a_checkpoint_says_what_was_signed_and_by_whom() {
    let (own, other) = (signer(1), signer(2));
    let note = own.sign(7, &[3; 32]);
    let read = Checkpoint::parse(&note).unwrap();
    assert_eq!((read.size(), read.root(), read.note()), (7, &[3; 32], note.as_str()));
    assert_eq!(read.origin(), own.verifier().name());
    assert!(read.is_by(own.verifier()));
    assert!(!read.is_by(other.verifier()));
    let forged = Checkpoint::parse(&note.replacen("\n7\n", "\n8\n", 1)).unwrap();
    assert!(!forged.is_by(own.verifier()));
    let again = Verifier::parse(&own.verifier().to_string()).unwrap();
    assert_eq!(&again, own.verifier());
}

#[test]
fn a_new_root_key_signs_beside_the_old_one_under_the_same_name() {
    let old = Keys::new([1; 32], [9; 32]);
    let (old, new) = (Signer::of(&old).unwrap(), Signer::of(&old.under([2; 32])).unwrap());
    assert_eq!(old.verifier().name(), new.verifier().name());
    assert_ne!(old.verifier(), new.verifier());
    let first = Checkpoint::parse(&old.sign(5, &[4; 32])).unwrap();
    let both = Checkpoint::parse(&new.sign_too(&first)).unwrap();
    assert!(both.is_by(old.verifier()) && both.is_by(new.verifier()));
    assert!(!first.is_by(new.verifier()));
}

#[test]
fn what_is_no_checkpoint_is_refused() {
    let note = signer(1).sign(7, &[3; 32]);
    for (from, to) in [
        ("\n7\n", "\n07\n"),
        ("\n7\n", "\n+7\n"),
        ("\n7\n", "\n-7\n"),
        ("\n7\n", "\n\n"),
        ("sixfold/", "six fold/"),
        ("\n\n", "\n"),
        (DASH, "- "),
        ("AwMD", "Aw\rM"),
    ] {
        let wrong = note.replacen(from, to, 1);
        assert_ne!(wrong, note, "{from}");
        let error = Checkpoint::parse(&wrong).unwrap_err();
        assert_eq!(error.code(), "invalid_checkpoint", "{wrong}");
    }
    for wrong in ["", "\n", "\n\n", note.trim_end(), &"x".repeat(MOST_BYTES + 1)] {
        assert!(Checkpoint::parse(wrong).is_err(), "{wrong}");
    }
    let key = signer(1).verifier().to_string();
    for wrong in ["", "a+b", "a+b+c", &key[1..], &key[..key.len() - 4], &key.replace("+AQ", "+Ag")]
    {
        assert_eq!(Verifier::parse(wrong).unwrap_err().code(), "invalid_key", "{wrong}");
    }
}

proptest! {
    #[test]
    fn nothing_that_is_read_breaks_the_reader(text in "(?s).{0,200}", at in 0usize..300, byte in any::<char>()) {
        let _ = Checkpoint::parse(&text);
        let _ = Verifier::parse(&text);
        let mut note: Vec<char> = signer(1).sign(7, &[3; 32]).chars().collect();
        let at = at % note.len();
        note[at] = byte;
        let note: String = note.into_iter().collect();
        if let Ok(read) = Checkpoint::parse(&note) {
            let whole = note == signer(1).sign(7, &[3; 32]);
            prop_assert!(whole || !read.is_by(signer(1).verifier()));
        }
    }
}
