use super::*;

const PASSWORD: &str = "correct horse battery";

/// Made by argon2-cffi, bcrypt, hashlib, passlib's and Django's recipes, all for [`PASSWORD`].
const VECTORS: [&str; 13] = [
    "$argon2id$v=19$m=256,t=2,p=2$MDEyMzQ1Njc4OWFiY2RlZg$UmMMA9eKaJeujd7Zk9VnfQwuMkyRD2XP/gZtZkkH4qc",
    "$argon2i$v=19$m=256,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$5ToulPCMLzWWVP2TuFCtaNyWETThBsSTd9SRMvy09Qw",
    "$argon2d$v=19$m=256,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$r3PtoBhy4bcBZJ9wL8u/aupQULBoBAYNrt8yqAludpE",
    "$argon2i$v=16$m=256,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$y5o1nUT4HFW3Cj6Y31b5QMJ6g1kT36YcRfO++8h6/zk",
    "$2b$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.",
    "$2a$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.",
    "$2y$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.",
    "$scrypt$ln=14,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$ebnHHTApWa0oNoXTYCCHxLXDaejcvcTRQhZaD1OJNCE",
    "$pbkdf2-sha256$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$BVALGMmC/K/8ELErc5VgJxyPFApArIZRCQsqjEgZWJ4",
    "$pbkdf2-sha512$i=1000,l=64$MDEyMzQ1Njc4OWFiY2RlZg$7F/Y1rnWXXurLCfFvAmyjyXtbABhgzBTBNcm//wlnvGBOz7OExlgRFs5qwaY5PzB3/WjR7P4yv/ACDQZpDXIfQ",
    "$pbkdf2-sha256$1000$MDEyMzQ1Njc4OWFiY2RlZg$BVALGMmC/K/8ELErc5VgJxyPFApArIZRCQsqjEgZWJ4",
    "pbkdf2_sha256$1000$seasalt$DrdiWD40lyBuydnjvZiDrdQMx1S1mOA9O0QYex0R6ww=",
    "sha256$seasalt$bdd9adde09019e4d6f0949cb1e9b27b098aeeaa7b8b4c5cdfb93169acf3eef30",
];

fn verify(text: &str, password: &str) -> bool {
    let stored = Stored::parse(text).unwrap();
    stored.check_cost(&Params::DEFAULT).unwrap();
    assert!(!stored.is_made_with(&Params::DEFAULT), "{text}");
    stored.verify(password, &mut Memory::default()).unwrap()
}

#[test]
fn hashes_of_other_makes_open_for_their_password_only() {
    for vector in VECTORS {
        assert!(verify(vector, PASSWORD), "{vector}");
        assert!(!verify(vector, "correct horse batterz"), "{vector}");
    }
}

#[test]
fn better_auth_composes_what_was_typed() {
    // As better-auth 1.7.5 verifies it.
    let hash = "5d41402abc4b2a76b9719d911017c592:17b2a81cddc04ad62223a8bbb3fa6070af70e1c6841353dc720de9c6eec83753140a6978a77ecaa0d9a7a9221be7b437ed095d5092e0fa28f7bb97eceae490f2";
    assert!(verify(hash, "ca\u{fb01} e\u{301}"));
    assert!(verify(hash, "cafi \u{e9}"));
    assert!(!verify(hash, "cafi e"));
}

#[test]
fn what_would_take_minutes_or_gigabytes_is_refused_before_it_is_tried() {
    let salt_and_hash = "MDEyMzQ1Njc4OWFiY2RlZg$UmMMA9eKaJeujd7Zk9VnfQwuMkyRD2XP/gZtZkkH4qc";
    for hostile in [
        format!("$argon2id$v=19$m=4194304,t=1,p=1${salt_and_hash}"),
        format!("$argon2id$v=19$m=65536,t=1000,p=1${salt_and_hash}"),
        format!("$argon2id$v=19$m=65536,t=1,p=17${salt_and_hash}"),
        format!("$scrypt$ln=20,r=8,p=1${salt_and_hash}"),
        format!("$scrypt$ln=31,r=4294967295,p=1${salt_and_hash}"),
        format!("$scrypt$ln=14,r=8,p=1024${salt_and_hash}"),
        format!("$scrypt$ln=1,r=1,p=4294967295${salt_and_hash}"),
        format!("$pbkdf2-sha256$i=4294967295${salt_and_hash}"),
        "$2b$31$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.".to_owned(),
        "$2b$15$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.".to_owned(),
    ] {
        let stored = Stored::parse(&hostile).unwrap();
        assert_eq!(stored.check_cost(&Params::DEFAULT), Err(Fault::TooCostly), "{hostile}");
    }
    // An operator's own choice is never too costly for them.
    let ours = Params::new(1_048_576, 20, 1, Some(32)).unwrap();
    let own = format!("$argon2id$v=19$m=1048576,t=20,p=1${salt_and_hash}");
    let stored = Stored::parse(&own).unwrap();
    assert_eq!(stored.check_cost(&ours), Ok(()));
    assert!(stored.is_made_with(&ours));
}

#[test]
fn what_is_no_hash_is_told_apart() {
    let long = format!("sha256${}$00", "x".repeat(600));
    for text in [
        "",
        "plain text",
        "$",
        "$$$$",
        "$1$salt$hash",
        "$argon2id$",
        "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg",
        "$argon2id$v=99$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$UmMMA9eKaJeujd7Zk9VnfQ",
        "$argon2id$v=19$m=64,t=1,p=1$MDEy$UmM",
        "$2b$xx$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.",
        "$2b$05$short",
        "$scrypt$ln=0,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$ebnHHTApWa0oNoXTYCCHxLXDaejcvcTRQhZaD1OJNCE",
        "$scrypt$ln=300,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$ebnHHTApWa0oNoXTYCCHxLXDaejcvcTRQhZaD1OJNCE",
        "$pbkdf2-sha256$i=0$c2FsdA$BVALGMmC/K/8ELErc5VgJxyPFApArIZRCQsqjEgZWJ4",
        "$pbkdf2-sha256$i=x$c2FsdA$BVALGMmC/K/8ELErc5VgJxyPFApArIZRCQsqjEgZWJ4",
        "$pbkdf2-sha256$i=1$c2FsdA$BVAL",
        "sha256$salt$abcd",
        "sha256$salt$zzzz",
        "5d41:17b2",
        "ключ",
        &long,
    ] {
        assert_eq!(Stored::parse(text).err(), Some(Fault::Unknown), "{text}");
    }
}
