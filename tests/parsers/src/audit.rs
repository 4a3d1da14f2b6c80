//! Checkpoints and keys that were kept elsewhere: read as they are written, and signed by nobody.

use kernel::sealed::{Checkpoint, Deleted, Signer, Verifier};

use crate::house::house;

/// A text.
pub fn audit(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Verifier::parse(text) {
        Ok(key) => assert_eq!(key.to_string(), text.trim(), "a key has one spelling"),
        Err(error) => assert_eq!(error.kind().status(), 422, "{error:?}"),
    }
    match Checkpoint::parse(text) {
        Ok(checkpoint) => {
            assert_eq!(checkpoint.note(), text);
            let line = format!("{}\n{}\n", checkpoint.origin(), checkpoint.size());
            assert!(text.starts_with(&line), "{text:?} is read as {line:?}");
            let signer = Signer::of(&house().app.keys).expect("a key");
            assert!(!checkpoint.is_by(signer.verifier()), "{text:?} is signed");
            if let Some(Deleted { checkpoint: tree, leaves }) = Deleted::parse(text) {
                assert_eq!(tree, checkpoint);
                let stretches = leaves.iter().all(|[first, last]| first <= last);
                let ordered = leaves.windows(2).all(|pair| pair[0][1] < pair[1][0]);
                let inside = leaves.last().is_some_and(|[_, last]| *last < tree.size());
                assert!(stretches && ordered && inside, "{text:?} is read as {leaves:?}");
            }
        }
        Err(error) => assert_eq!(error.kind().status(), 422, "{error:?}"),
    }
}
