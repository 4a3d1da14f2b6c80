//! Checkpoints and keys that were kept elsewhere: read as they are written, and signed by nobody.

use ops::audit::{Checkpoint, Signer, Verifier};

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
        }
        Err(error) => assert_eq!(error.kind().status(), 422, "{error:?}"),
    }
}
