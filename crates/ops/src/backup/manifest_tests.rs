use super::*;

/// One like those that are written.
pub(crate) fn manifest() -> Manifest {
    Manifest {
        format: FORMAT,
        name: "sixfold-20260131T120000Z-00000000.backup".to_owned(),
        kind: Kind::Manual,
        created_at: Time::from_micros(1_769_860_800_000_000),
        version: "0.1.0".to_owned(),
        engine: "sqlite".to_owned(),
        installation: None,
        migration: "0035_backups".to_owned(),
        event_seq: 7,
        database_bytes: 4096,
        encryption: Encryption::None,
        includes_keys: false,
        keys_fingerprint: Some("00".to_owned()),
        proof: None,
    }
}

#[test]
fn a_head_is_read_as_it_was_written_and_nothing_behind_it() {
    let mut bytes = manifest().head().expect("a head");
    bytes.extend_from_slice(b"body");
    let mut rest = bytes.as_slice();
    assert_eq!(Manifest::read(&mut rest).expect("it is read"), manifest());
    assert_eq!(rest, b"body");
}

#[test]
fn what_is_no_head_is_told_apart() {
    let head = manifest().head().expect("a head");
    let cut = &head[..head.len() - 5];
    let long = [b"sixfold-backup 1\n".as_slice(), &[b'x'; HEAD_BYTES + 1]].concat();
    for (bytes, code) in [
        (&b""[..], "backup_foreign"),
        (b"SQLite format 3\0 and more", "backup_foreign"),
        (b"sixfold-backup one\n{}\n", "backup_foreign"),
        (b"sixfold-backup 2\n{}\n", "backup_newer"),
        (b"sixfold-backup 1\n{}\n", "backup_damaged"),
        (&long, "backup_foreign"),
        (cut, "backup_truncated"),
    ] {
        let error = Manifest::read(&mut &*bytes).expect_err("it is none");
        assert_eq!(error.code(), code, "{error}");
    }
}

#[test]
fn a_head_that_nobody_of_ours_wrote_is_not_shown_to_anybody() {
    let long = "x".repeat(WORD + 1);
    let changes: [fn(&mut Manifest); 5] = [
        |head| head.version = "0.1.0 \u{1b}[2J".to_owned(),
        |head| head.migration = String::new(),
        |head| head.installation = Some("a\nb".to_owned()),
        |head| head.name = "../sixfold-x.backup".to_owned(),
        |head| head.format = 7,
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut head = manifest();
        change(&mut head);
        let error =
            Manifest::read(&mut &*head.head().expect("a head")).expect_err("it is not plain");
        assert_eq!(error.code(), "backup_damaged", "{number}");
    }
    let head = Manifest { engine: long, ..manifest() }.head().expect("a head");
    assert!(Manifest::read(&mut &*head).is_err(), "and it has its bounds");
}

#[test]
fn only_who_has_the_keys_can_prove_a_head_and_nothing_of_it_can_be_changed() {
    let (keys, others) = (Keys::new([1; 32], [2; 32]), Keys::new([3; 32], [2; 32]));
    let mut head = manifest();
    assert!(!head.is_proven(&keys));
    head.prove(&keys).expect("a proof");
    let read = Manifest::read(&mut &*head.head().expect("a head")).expect("it is read");
    assert!(read.is_proven(&keys) && !read.is_proven(&others));
    let later = Manifest { created_at: Time::from_micros(1_769_860_801_000_000), ..read };
    assert!(!later.is_proven(&keys));
}
