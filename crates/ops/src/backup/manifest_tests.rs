use super::*;

fn manifest() -> Manifest {
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
