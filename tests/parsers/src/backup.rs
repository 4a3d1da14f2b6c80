//! Backups that somebody brings: read as they would be written, or refused as what they are.

use ops::backup::parsers::{entry, head};
use types::Error;

/// A file of a backup, and the same as an archive.
pub fn backup(data: &[u8]) {
    match head(data) {
        Ok(written) => {
            assert_eq!(head(&written).expect("it is read again"), written);
            assert!(written.iter().filter(|byte| **byte == b'\n').count() == 2, "two lines");
            let plain = |byte: &u8| *byte == b'\n' || !byte.is_ascii_control();
            assert!(written.is_ascii() && written.iter().all(plain), "it is shown to people");
        }
        Err(error) => refused(&error),
    }
    match entry(data) {
        Ok(Some((name, bytes, written))) => {
            let again = entry(&written).expect("it is read again").expect("an entry");
            assert_eq!((&again.0, again.1), (&name, bytes));
        }
        Ok(None) => assert!(data.iter().take(512).all(|byte| *byte == 0), "this is no end"),
        Err(error) => refused(&error),
    }
}

fn refused(error: &Error) {
    assert_eq!(error.kind().status(), 409, "{error:?}");
    assert!(error.code().starts_with("backup_"), "{error:?}");
}
